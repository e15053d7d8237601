import Operations

/// Lets the server send password reset emails, with its own templates and mail server.
public struct PasswordResetOperation: Operation {
  public enum Audience: Sendable, Codable, Equatable {
    case addresses([String])
    case everybody
  }

  /// A requested user.
  public struct Person: Sendable, Codable, Equatable {
    /// The email address, cleaned for a terminal.
    public var address: String
    public var name: String
    public var getsMail: Bool
    /// Why no email is sent, or a remark about one that is sent.
    public var reason: String?
    /// The email address exactly as in the database.
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

  /// Returns all requested users, and whether each gets an email. Sends nothing.
  public func people() throws -> [Person] { try work().people() }

  /// Returns a description of the email.
  public func preview() throws -> [String] { try work().preview() }

  /// Whether the server's command can be run on this machine.
  public var canSend: Bool { get throws { try work().canSend } }

  /// Returns the server's commands, for a shell on the server.
  public func serverCommands() throws -> [String] { try work().commands() }

  private func work() throws -> PasswordResetRun { PasswordResetRun(try server.installation(), self) }
}
