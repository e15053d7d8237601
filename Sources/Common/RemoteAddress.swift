/// A server on another machine, reached over SSH: `ssh://[user@]host[:port][/root]`.
public struct RemoteAddress: Sendable, Hashable {
  /// Nil: decided by the configuration of ssh.
  public let user: String?
  /// A host name, an address, or an alias of the configuration of ssh. Never begins with a dash.
  public let host: String
  /// Nil: decided by the configuration of ssh.
  public let port: Int?
  /// The root folder of the server on that machine; "/" in production.
  public let root: String

  public static let prefix = "ssh://"

  /// Returns whether a text is meant as such an address, and not as a path.
  public static func isMeant(_ text: String) -> Bool { text.hasPrefix(prefix) }

  /// - Parameter text: percent-encoded characters of the root are decoded.
  /// - Throws: `.usage` if a part is missing, or could be understood as an option of ssh.
  public init(_ text: String) throws {
    guard Self.isMeant(text) else { throw Self.invalid(text, "it does not begin with \(Self.prefix)") }
    let rest = text.dropFirst(Self.prefix.count)
    let authority = rest.prefix { $0 != "/" }
    let path = Self.decoded(rest.dropFirst(authority.count))
    var place = Substring(authority)
    if let at = authority.lastIndex(of: "@") {
      user = String(authority[..<at])
      place = authority[authority.index(after: at)...]
    } else {
      user = nil
    }
    let digits: Substring?
    if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
      host = String(place[place.index(after: place.startIndex)..<end])
      let behind = place[place.index(after: end)...]
      guard behind.isEmpty || behind.hasPrefix(":") else { throw Self.invalid(text, "a port is written as [host]:22") }
      digits = behind.isEmpty ? nil : behind.dropFirst()
    } else {
      let parts = place.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      host = String(parts.first ?? "")
      digits = parts.count > 1 ? parts[1] : nil
    }
    guard !host.isEmpty else { throw Self.invalid(text, "the host is missing") }
    for (name, word) in [("the user", user), ("the host", host)] {
      guard let word else { continue }
      guard !word.isEmpty, !word.hasPrefix("-"), word.unicodeScalars.allSatisfy(Self.isAllowed) else {
        throw Self.invalid(text, "\(name) is empty, begins with a dash, or contains a character that is not allowed")
      }
    }
    if let digits {
      guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
        (1...65_535).contains(number)
      else { throw Self.invalid(text, "the port is not a number from 1 to 65535") }
      port = number
    } else {
      port = nil
    }
    guard !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw Self.invalid(text, "the folder contains a control character")
    }
    root = Self.cleaned(path)
  }

  private init(_ other: RemoteAddress, root: String) {
    (user, host, port) = (other.user, other.host, other.port)
    self.root = Self.cleaned(root)
  }

  /// Returns the address of another path on the same machine.
  public func with(root: String) -> RemoteAddress { RemoteAddress(self, root: root) }

  /// Returns whether both are reached in the same way.
  public func isSameMachine(as other: RemoteAddress) -> Bool {
    user == other.user && host == other.host && port == other.port
  }

  /// The address; equal addresses have equal texts.
  public var text: String { root == "/" ? machine : machine + Self.encoded(root) }

  /// The address without the root folder.
  public var machine: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return Self.prefix + (user.map { "\($0)@" } ?? "") + name + (port.map { ":\($0)" } ?? "")
  }

  /// The host as it is shown to an operator.
  public var label: String { SafeText.clean(host, limit: .name) }

  // MARK: Parts

  private static func invalid(_ text: String, _ reason: String) -> PlainFailure {
    PlainFailure(
      .usage, SafeText.clean(text, limit: .path), "is not an address of a server: \(reason)",
      remedy: "write it as \(prefix)user@host:22/folder; only the host is required")
  }

  /// Characters that neither a shell nor ssh treats specially.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value > 0x7F
      ? scalar.properties.isAlphabetic
      : scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)
        || "-_.:%+\\".unicodeScalars.contains(scalar)
  }

  /// Without `.`, repeated and trailing slashes. `..` is left to that machine, which knows its links.
  private static func cleaned(_ path: String) -> String {
    "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  private static func encoded(_ path: String) -> String {
    path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
  }

  /// A percent sign without two hexadecimal digits is kept.
  private static func decoded(_ path: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(path.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2).compactMap { UInt8(hexadecimal: $0) }
      if byte == UInt8(ascii: "%"), digits.count == 2 {
        bytes.append(digits[0] << 4 | digits[1])
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension UInt8 {
  /// The value of a hexadecimal digit; nil for another character.
  fileprivate init?(hexadecimal character: UInt8) {
    switch character {
    case 0x30...0x39: self = character - 0x30
    case 0x41...0x46: self = character - 0x41 + 10
    case 0x61...0x66: self = character - 0x61 + 10
    default: return nil
    }
  }
}
