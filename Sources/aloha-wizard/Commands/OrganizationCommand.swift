import ArgumentParser
import Common
import Engine

struct OrganizationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "organization", abstract: "List, deactivate and reactivate organizations.",
    subcommands: [List.self, Deactivate.self, Reactivate.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the organizations of this server.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
      let installation = try server.installation()
      let connection = try installation.connect(cancellation: Interruption.cancellation)
      defer { connection.close() }
      let organizations = try Organization.list(connection, brand: installation.brand)
      if output.json {
        for organization in organizations { StandardStream.output(JSONText.of(organization)) }
      } else {
        StandardStream.output(Self.table(organizations))
      }
    }

    private static func table(_ organizations: [Organization]) -> String {
      let header = ["ID", "SUBDOMAIN", "NAME", "USERS", "MESSAGES", "STATE"]
      let rows = organizations.map { organization in
        [
          String(organization.id), organization.subdomain.isEmpty ? "''" : organization.subdomain, organization.name,
          Amount.count(Int64(organization.activeUsers)), Amount.count(Int64(organization.messages)),
          organization.isInternal ? "internal" : organization.isDeactivated ? "deactivated" : "active",
        ]
      }
      return ColumnText.of([header] + rows, rightAligned: [0, 3, 4])
    }
  }

  struct Deactivate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deactivate an organization: nobody can sign in any more, all data stays.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "The organization's subdomain; '' is the root domain.")
    var realm: String

    func run() throws {
      try output.run(.deactivate(server: server.reference, subdomain: realm))
    }
  }

  struct Reactivate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let the people of a deactivated organization in again.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "The organization's subdomain; '' is the root domain.")
    var realm: String

    func run() throws {
      try output.run(.reactivate(server: server.reference, subdomain: realm))
    }
  }
}
