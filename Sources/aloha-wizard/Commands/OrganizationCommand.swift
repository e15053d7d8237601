import Administration
import ArgumentParser
import Common
import Operations

struct OrganizationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "organization", abstract: "List, deactivate, reactivate, rename and delete organizations.",
    discussion: Examples.after("", "organization list", "organization deactivate -r lagoon"),
    subcommands: [List.self, Delete.self, Deactivate.self, Reactivate.self, Rename.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the organizations of this server.",
      discussion: Examples.after("", "organization list", "organization list --json --root /tmp/aloha-demo/old-server"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
      let installation = try server.installation()
      let connection = try installation.connect(cancellation: Interruption.cancellation)
      defer { connection.close() }
      let organizations = try OrganizationOverview.list(connection, brand: installation.brand)
      if output.json {
        for organization in organizations {
          StandardStream.json(JSONText.of("organization", Line(organization)))
        }
        StandardStream.json(JSONText.end(ofList: organizations.count))
      } else {
        StandardStream.output(Self.table(organizations))
      }
    }

    /// A flat object for scripts.
    private struct Line: Encodable {
      let id: Int64
      let subdomain: String
      let name: String
      let isDeactivated: Bool
      /// active, deactivated, redirect, moved, scrubbed, demo or internal.
      let state: String
      let activeUsers: Int
      let messages: Int
      let messagesAreEstimated: Bool
      let isInternal: Bool
      let uploadBytes: Int64
      let lastActivity: String?
      /// The redirect target of a deactivated organization.
      let redirect: String?
      /// The day on which the server deletes its data.
      let deletion: String?

      init(_ overview: OrganizationOverview) {
        let organization = overview.organization
        id = organization.id
        subdomain = organization.subdomain
        name = organization.name
        isDeactivated = organization.isDeactivated
        activeUsers = organization.activeUsers
        messages = organization.messages
        messagesAreEstimated = organization.messagesAreEstimated
        isInternal = organization.isInternal
        uploadBytes = overview.uploadBytes
        lastActivity = overview.lastActivity
        state = organization.state.name
        redirect = organization.redirect
        deletion = organization.isDeactivated ? organization.plannedDeletion : organization.demoDeletion
      }
    }

    private static func table(_ organizations: [OrganizationOverview]) -> String {
      let header = ["ID", "SUBDOMAIN", "NAME", "USERS", "MESSAGES", "UPLOADS", "LAST ACTIVITY", "STATE"]
      let rows = organizations.map { overview in
        let organization = overview.organization
        return [
          String(organization.id), organization.subdomain.isEmpty ? "''" : organization.subdomain, organization.name,
          Amount.count(Int64(organization.activeUsers)), organization.messageCount,
          Amount.bytes(overview.uploadBytes), overview.lastActivity.map { String($0.prefix(10)) } ?? "never",
          organization.state.label,
        ]
      }
      return ColumnText.of([header] + rows, rightAligned: [0, 3, 4, 5])
    }
  }

  /// The organization to activate or deactivate, and the output.
  struct Chosen: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var organization: OrganizationOption
    @Flag(help: "Show the plan and the findings of the checks; change nothing.")
    var dryRun = false

  }

  struct Deactivate: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deactivate an organization: sign-in is disabled, all data is kept.",
      discussion: Examples.after("", "organization deactivate -r lagoon --dry-run", "organization deactivate lagoon"))
    @OptionGroup var chosen: Chosen

    func run() throws { try chosen.output.perform(operation(), dryRun: chosen.dryRun) }
    func operation() -> any Operation {
      DeactivateOperation(chosen.server.reference, subdomain: chosen.organization.realm)
    }
  }

  struct Reactivate: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reactivate a deactivated organization, so that people "
        + "can sign in again.",
      discussion: Examples.after("", "organization reactivate -r lagoon", "organization reactivate lagoon --json"))
    @OptionGroup var chosen: Chosen

    func run() throws { try chosen.output.perform(operation(), dryRun: chosen.dryRun) }
    func operation() -> any Operation {
      ReactivateOperation(chosen.server.reference, subdomain: chosen.organization.realm)
    }
  }

  struct Delete: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete an organization with everything that belongs to it, for example after a test import.",
      discussion: Examples.after(
        """
        All rows are deleted in one transaction, including those that the server's own command leaves behind: \
        recipients, group messages, sessions, scheduled mail. Other organizations are not changed. For an organization \
        that people have used, the server's manual recommends to deactivate it instead: that can be undone.

        To keep public channels as web pages, save them first with the HTML archive tool, \
        https://github.com/zulip/zulip-archive.

        On a terminal the command lists what will be deleted and asks for the subdomain; scripts give it with \
        --confirm-delete.
        """,
        "organization delete -r lagoon --dry-run",
        "organization delete -r lagoon --confirm-delete lagoon"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var organization: OrganizationOption
    @Flag(help: "Delete its uploads, avatars and emoji too.")
    var withUploads = false
    @Flag(help: "Delete everything in the uploads folder; only where it is the only organization.")
    var withAllUploads = false
    @Flag(help: "Count what would be deleted, table by table; change nothing.")
    var dryRun = false
    @Option(help: ArgumentHelp("The subdomain again, to confirm it.", valueName: "name"))
    var confirmDelete: String?
    @Flag(help: "Delete it even if it seems to be in use.")
    var yes = false

    func run() throws {
      var options = options
      if !dryRun, confirmDelete == nil, ConfirmationPrompt.canBeAsked(json: output.json) {
        options.confirmation = organization.realm
        let operation = DeleteOrganizationOperation(server.reference, options)
        try ConfirmationPrompt.show(operation, more: try operation.confirmation())
        try ConfirmationPrompt.ask(name: organization.realm, "to delete it")
      } else if !dryRun {
        try ConfirmationPrompt.require(organization.realm, given: confirmDelete, "organization delete")
      }
      try output.perform(DeleteOrganizationOperation(server.reference, options), dryRun: dryRun)
    }

    func operation() -> any Operation { DeleteOrganizationOperation(server.reference, options) }

    private var options: DeleteOrganizationOperation.Options {
      var options = DeleteOrganizationOperation.Options(subdomain: organization.realm)
      options.uploads = withAllUploads ? .everything : withUploads ? .ofOrganization : .keep
      options.confirmation = confirmDelete
      options.despiteSignsOfLife = yes
      return options
    }
  }

  struct Rename: OperationCommand {
    static let configuration = CommandConfiguration(
      commandName: "change-subdomain", abstract: "Move an organization to another subdomain of this server.",
      discussion: Examples.after(
        "", "organization change-subdomain lagoon harbour --dry-run",
        "organization change-subdomain -r lagoon '' --skip-redirect"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(
      name: [.customShort("r"), .customLong("realm")],
      help: ArgumentHelp("The organization's subdomain; '' is the root domain.", valueName: "realm"))
    private var option: String?
    @Argument(help: ArgumentHelp("The organization's subdomain, unless --realm names it.", valueName: "realm"))
    private var first: String
    @Argument(help: ArgumentHelp("The new subdomain; '' is the root domain.", valueName: "new-subdomain"))
    private var second: String?
    @Flag(help: "Do not redirect browsers from the old address.")
    var skipRedirect = false
    @Flag(help: "Allow a subdomain that servers reserve.")
    var allowReservedSubdomain = false
    @Flag(help: "Show the plan and the findings of the checks; change nothing.")
    var dryRun = false

    func validate() throws {
      switch (option, second) {
      case (nil, nil): throw ValidationError("Missing expected argument '<new-subdomain>': give both subdomains.")
      case (.some, .some): throw ValidationError("Give the organization's subdomain once.")
      default: try OptionRule.check("The new subdomain", newSubdomain, InputRule.subdomain)
      }
    }

    private var realm: String { option ?? first }
    private var newSubdomain: String { second ?? first }

    func run() throws { try output.perform(operation(), dryRun: dryRun) }

    func operation() -> any Operation {
      ChangeSubdomainOperation(
        server.reference, from: realm, to: newSubdomain, leavesRedirect: !skipRedirect,
        allowsReserved: allowReservedSubdomain)
    }
  }
}
