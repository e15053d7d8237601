import ArgumentParser

/// The organization of a command: with -r, like in the server's commands, or as an argument.
struct OrganizationOption: ParsableArguments {
  @Option(
    name: [.customShort("r"), .customLong("realm")],
    help: ArgumentHelp("The organization's subdomain; '' is the root domain.", valueName: "realm"))
  private var option: String?

  @Argument(help: ArgumentHelp("The organization's subdomain; the same as --realm.", valueName: "realm"))
  private var argument: String?

  func validate() throws {
    switch (option, argument) {
    case (nil, nil):
      throw ValidationError("Missing expected argument '--realm <realm>': the organization's subdomain.")
    case (.some, .some): throw ValidationError("Give the organization's subdomain once.")
    default: break
    }
  }

  var realm: String { option ?? argument ?? "" }
}
