/// Lets the server send people the mail with which they choose a new password: its templates and its mail server do it.
public struct PasswordResetOperation: Operation {
  public enum Audience: Sendable, Codable, Equatable {
    case addresses([String])
    case everybody
  }

  /// Somebody who was asked for.
  public struct Person: Sendable, Codable, Equatable {
    /// Cleaned for a terminal.
    public var address: String
    public var name: String
    public var getsMail: Bool
    /// Why no mail is sent, or what is worth knowing where one is.
    public var reason: String?
    /// Exactly as the database has it.
    var exactAddress = ""

    enum CodingKeys: String, CodingKey { case address, name, getsMail, reason }
  }

  public enum Phase: String, OperationPhase {
    case mail

    public var title: String { "Send mail" }
  }

  public static let kind = "passwordReset"
  public let server: ServerReference
  public let subdomain: String
  public let audience: Audience
  public let onlyNeverSignedIn: Bool

  public init(
    _ server: ServerReference, subdomain: String, audience: Audience, onlyNeverSignedIn: Bool = false
  ) {
    self.server = server
    self.subdomain = subdomain
    self.audience = audience
    self.onlyNeverSignedIn = onlyNeverSignedIn
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Send password resets to people of '\(subdomain)'" }

  public var commands: [ProgramCommand] {
    var words = ["password-reset", "-r", subdomain]
    switch audience {
    case .addresses(let addresses): words += ["--user"] + addresses
    case .everybody: words.append("--all-users")
    }
    if onlyNeverSignedIn { words.append("--only-never-signed-in") }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("mail that was sent cannot be recalled") }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] { try work().check() }
  public func plan() throws -> Plan { try work().plan() }
  public func run(progress: Progress) throws -> Summary { try work().run(progress) }

  // MARK: For the decision

  /// Returns everybody who was asked for, and whether each gets mail. Nothing is sent.
  public func people() throws -> [Person] { try work().people() }

  /// Returns the content of the mail, in our words.
  public func preview() throws -> [String] { try work().preview() }

  /// Whether the server's command can be run from here.
  public var canSend: Bool { get throws { try work().canSend } }

  /// Returns the server's own commands, ready for a shell where the server is.
  public func serverCommands() throws -> [String] { try work().commands() }

  private func work() throws -> PasswordResetRun { PasswordResetRun(try server.installation(), self) }
}
