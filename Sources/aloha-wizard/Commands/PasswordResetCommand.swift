import Administration
import ArgumentParser
import Common
import Operations

struct PasswordResetCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "password-reset", abstract: "Send people a mail with a link to choose a new password.",
    discussion: Examples.after(
      """
      An export contains no passwords. The server's manual recommends to send one mail to yourself first, and then to \
      all users. People who sign in by other methods need none.
      """,
      "password-reset -r lagoon --user anna@example.com",
      "password-reset -r lagoon --all-users --dry-run"))

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @OptionGroup var organization: OrganizationOption

  @Option(
    name: [.customShort("u"), .customLong("user")], parsing: .upToNextOption,
    help: ArgumentHelp("One or more addresses.", valueName: "address"))
  var users: [String] = []

  @Flag(help: "All active users of the organization.")
  var allUsers = false

  @Flag(help: "Only those who have not signed in here yet.")
  var onlyNeverSignedIn = false

  @Flag(help: "Show who would get mail; send none.")
  var dryRun = false

  func validate() throws {
    for user in users { try OptionRule.check("--user", user, InputRule.address) }
    if users.isEmpty != allUsers { throw ValidationError("Give addresses with --user, or --all-users.") }
  }

  func run() throws {
    if dryRun { try show(resets) }
    try output.perform(resets, dryRun: dryRun)
  }

  func operation() -> any Operation { resets }

  private var resets: PasswordResetOperation {
    PasswordResetOperation(
      server.reference, subdomain: organization.realm, audience: allUsers ? .everybody : .addresses(users),
      onlyNeverSignedIn: onlyNeverSignedIn)
  }

  private func show(_ operation: PasswordResetOperation) throws {
    let people = try operation.people()
    if output.json {
      for person in people { StandardStream.json(JSONText.of("recipient", person)) }
      return
    }
    let rows = people.map { person in
      [person.address, person.name, person.getsMail ? "mail" : "no mail", person.reason ?? ""]
    }
    StandardStream.output(ColumnText.of([["ADDRESS", "NAME", "MAIL", "REASON"]] + rows) + "\nContent of the mail:\n")
    StandardStream.output(try operation.preview().map { "  \($0)\n" }.joined() + "\n")
  }
}
