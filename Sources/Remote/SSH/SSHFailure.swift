import Common

/// Why another machine cannot be reached, or cannot be used.
public struct SSHFailure: Failure {
  public enum Cause: Sendable, Equatable, CaseIterable {
    /// The key of the machine is not the known one: another machine may answer in its name.
    case changedKey
    /// The key of the machine is not known yet, and the operator cannot be asked.
    case unknownKey
    /// The machine refuses the user: no key, a wrong password.
    case denied
    case refused
    case timeout
    case unknownHost
    case unreachable
    /// The connection was closed after it had been opened.
    case lost
    /// What ssh itself says is the reason.
    case other
  }

  public let cause: Cause
  private let host: String
  /// What ssh has said, cleaned.
  private let words: String

  /// - Parameter output: the standard error of ssh; it only decides about the words of this failure.
  init(_ address: RemoteAddress, output: String) {
    host = address.label
    // The process of the shared connection ends without a word when the connection breaks.
    let isSilent = output.allSatisfy(\.isWhitespace)
    cause =
      Self.signs.first { sign in sign.texts.contains { output.contains($0) } }?.cause ?? (isSilent ? .lost : .other)
    let lines = output.split(whereSeparator: \.isNewline).map { SafeText.clean($0, limit: .line) }
    words = lines.last { !$0.isEmpty } ?? "ssh ended without a reason"
  }

  init(_ address: RemoteAddress, _ cause: Cause) {
    host = address.label
    self.cause = cause
    words = ""
  }

  /// Sentences of OpenSSH, most specific first.
  private static let signs: [(cause: Cause, texts: [String])] = [
    (.changedKey, ["REMOTE HOST IDENTIFICATION HAS CHANGED", "host key for", "differs from the key"]),
    (.unknownKey, ["Host key verification failed"]),
    (.denied, ["Permission denied", "Too many authentication failures"]),
    (.refused, ["Connection refused"]),
    (.timeout, ["timed out", "Timeout,"]),
    (.unknownHost, ["Could not resolve hostname", "Name or service not known"]),
    (.unreachable, ["No route to host", "Network is unreachable"]),
    (.lost, ["Connection reset", "closed by remote host", "Connection closed", "Broken pipe", "disconnect"]),
  ]

  public var family: FailureFamily { .connection }
  public var subject: String { host }

  public var reason: String {
    switch cause {
    case .changedKey: "its host key has changed: another machine may answer in its name. Nothing was sent to it"
    case .unknownKey: "its host key is not known on this machine"
    case .denied: "it refuses the user or the key"
    case .refused: "it refuses connections on the port of ssh"
    case .timeout: "it does not answer"
    case .unknownHost: "there is no machine of this name"
    case .unreachable: "there is no route to it"
    case .lost: "the connection was lost"
    case .other: words
    }
  }

  public var remedy: String? {
    switch cause {
    case .changedKey:
      "ask its administrator whether the key was changed; only then delete the old one: ssh-keygen -R \(ShellWord.quoted(host))"
    case .unknownKey: "connect to it once, and compare the key that is shown: ssh \(ShellWord.quoted(host))"
    case .denied: "try the same by hand until it succeeds: ssh \(ShellWord.quoted(host))"
    case .refused, .timeout, .unreachable:
      "check the host name and the port, and whether a firewall allows connections from this machine"
    case .unknownHost: "correct the host name, or add it to ~/.ssh/config"
    case .lost: "run the command again: work that had begun there continues"
    case .other: "try the same by hand until it succeeds: ssh \(ShellWord.quoted(host))"
    }
  }

  /// Whether the same attempt can succeed a moment later.
  public var isTemporary: Bool {
    switch cause {
    case .refused, .timeout, .unreachable, .lost, .other: true
    case .changedKey, .unknownKey, .denied, .unknownHost: false
    }
  }
}
