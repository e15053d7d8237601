import ArgumentParser
import Common
import Engine

struct OrganizationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "organization", abstract: "List, deactivate and reactivate organizations.",
    subcommands: [List.self, Delete.self, Deactivate.self, Reactivate.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the organizations of this server.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

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
      try output.run(DeactivateOperation(try server.installation(), subdomain: realm))
    }
  }

  struct Reactivate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let the people of a deactivated organization in again.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "The organization's subdomain; '' is the root domain.")
    var realm: String

    func run() throws {
      try output.run(ReactivateOperation(try server.installation(), subdomain: realm))
    }
  }

  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete an organization with all that belongs to it, as after a test import.",
      discussion: """
        Every row goes in one transaction, including what the server's own command leaves behind: recipients, group \
        messages, sessions, scheduled mail. Other organizations stay as they are. For an organization that people \
        have used the server's manual advises to deactivate it instead: that can be undone.
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .shortAndLong, help: "The organization's subdomain; '' is the root domain.")
    var realm: String
    @Flag(help: "Delete its uploads, avatars and emoji too.")
    var withUploads = false
    @Flag(help: "Delete everything in the uploads folder; only where it is the only organization.")
    var withAllUploads = false
    @Flag(help: "Count what would go, table by table; change nothing.")
    var dryRun = false
    @Option(help: ArgumentHelp("The subdomain once more, to confirm it.", valueName: "name"))
    var confirmDelete: String?
    @Flag(help: "Delete it although people seem to work in it.")
    var yes = false

    func run() throws {
      var options = DeleteOrganizationOperation.Options(subdomain: realm)
      options.uploads = withAllUploads ? .everything : withUploads ? .ofOrganization : .keep
      options.confirmation = confirmDelete
      options.despiteSignsOfLife = yes
      let operation = DeleteOrganizationOperation(try server.installation(), options)
      if dryRun { try output.rehearse(operation) } else { try output.run(operation) }
    }
  }
}
