import Common
import Glibc

/// The server's cache. It contains copies of rows: after rows were changed without the server, it must be emptied, or
/// users see outdated data.
///
/// Uses memcached's binary protocol, which a cache with a password (SASL) requires.
public struct Memcached: Sendable {
  public enum Place: Sendable, Equatable {
    case network(host: String, port: Int)
    case socket(String)
  }

  public let place: Place
  public let user: String
  /// Nil if the cache requires no password.
  public let password: Secret?

  public init(place: Place, user: String = "", password: Secret? = nil) {
    self.place = place
    self.user = user
    self.password = password
  }

  /// Creates the client for a server's cache; nil if its settings do not name the location and no default can be
  /// assumed: below a root other than `/`, the machine's cache may belong to another server.
  public init?(_ installation: Installation) {
    let location = installation.settings.text("MEMCACHED_LOCATION")
    if location == nil && !installation.root.isEmpty { return nil }
    guard let place = Self.place(location ?? "127.0.0.1:11211") else { return nil }
    self.place = place
    user = installation.settings.text("MEMCACHED_USERNAME") ?? "\(installation.brand.systemUser)@localhost"
    password = installation.secrets["memcached_password"]
  }

  /// The cache as texts name it.
  public var label: String {
    switch place {
    case .network(let host, let port): "memcached at \(SafeText.clean(host, limit: .name)):\(port)"
    case .socket(let path): "memcached at \(SafeText.clean(path, limit: .line))"
    }
  }

  /// Empties the cache.
  ///
  /// - Throws: `.connection` if it cannot be reached or refuses the password.
  public func flush() throws {
    let connection = try MemcachedConnection(place, label: label)
    if let password { try authenticate(connection, password) }
    let status = try connection.ask(.flush)
    switch status {
    case .ok: return
    case .notAllowed:
      throw failure("wants a password, and the server's secrets have none", "check memcached_password")
    default: throw failure("refused to be emptied (status \(status.code))", "run the server's flush-memcached script")
    }
  }

  private func authenticate(_ connection: MemcachedConnection, _ password: Secret) throws {
    let word = Array("\0\(user)\0\(password.reveal())".utf8)
    switch try connection.ask(.authenticate, key: Array("PLAIN".utf8), value: word) {
    // A cache without a password does not know this command.
    case .ok, .unknownCommand: return
    default:
      throw failure(
        "refused the password of \(SafeText.clean(user, limit: .name))",
        "check memcached_password among the server's secrets")
    }
  }

  private func failure(_ reason: String, _ remedy: String) -> PlainFailure {
    PlainFailure(.connection, label, reason, remedy: remedy)
  }

  private static func place(_ location: String) -> Place? {
    if location.hasPrefix("/") { return .socket(location) }
    if location.hasPrefix("unix:") { return .socket(String(location.dropFirst(5))) }
    guard let colon = location.lastIndex(of: ":"), let port = Int(location[location.index(after: colon)...]) else {
      return location.isEmpty ? nil : .network(host: location, port: 11_211)
    }
    let host = location[..<colon]
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
    return .network(host: String(bare), port: port)
  }
}

/// One connection with the binary protocol.
private final class MemcachedConnection {
  enum Command: UInt8 { case flush = 0x08, authenticate = 0x21 }

  enum Status: Equatable {
    case ok, notAllowed, unknownCommand
    case other(UInt16)

    init(_ code: UInt16) {
      switch code {
      case 0: self = .ok
      case 0x20: self = .notAllowed
      case 0x81: self = .unknownCommand
      default: self = .other(code)
      }
    }

    var code: Int {
      switch self {
      case .ok: 0
      case .notAllowed: 0x20
      case .unknownCommand: 0x81
      case .other(let code): Int(code)
      }
    }
  }

  private static let headerSize = 24
  private static let longestAnswer = 1 << 20

  private let descriptor: Int32
  private let label: String

  init(_ place: Memcached.Place, label: String) throws {
    self.label = label
    switch place {
    case .socket(let path): descriptor = try Self.local(path, label)
    case .network(let host, let port): descriptor = try Self.network(host, port, label)
    }
  }

  deinit { close(descriptor) }

  /// Sends a command and waits for its response, for at most ten seconds.
  func ask(_ command: Command, key: [UInt8] = [], value: [UInt8] = []) throws -> Status {
    var request = [UInt8](repeating: 0, count: Self.headerSize)
    request[0] = 0x80
    request[1] = command.rawValue
    request[2] = UInt8(key.count >> 8)
    request[3] = UInt8(key.count & 0xFF)
    let length = UInt32(key.count + value.count)
    for byte in 0..<4 { request[8 + byte] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * byte)) }
    try send(request + key + value)
    let header = try receive(Self.headerSize)
    guard header[0] == 0x81 else {
      throw PlainFailure(.connection, label, "does not speak memcached's binary protocol")
    }
    let body = header[8..<12].reduce(0) { $0 << 8 | Int($1) }
    guard body <= Self.longestAnswer else { throw PlainFailure(.connection, label, "sent an answer that is too long") }
    _ = try receive(body)
    return Status(UInt16(header[6]) << 8 | UInt16(header[7]))
  }

  private func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        buffer.baseAddress.map { Glibc.send(descriptor, $0 + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
          ?? 0
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw PlainFailure.system(label, "does not listen", errno: errno, family: .connection) }
      sent += count
    }
  }

  private func receive(_ wanted: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: wanted)
    var received = 0
    while received < wanted {
      let count = bytes.withUnsafeMutableBytes { buffer in
        buffer.baseAddress.map { recv(descriptor, $0 + received, wanted - received, 0) } ?? 0
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(label, "does not answer", errno: errno, family: .connection) }
      guard count > 0 else { throw PlainFailure(.connection, label, "closed the connection") }
      received += count
    }
    return bytes
  }

  private static func local(_ path: String, _ label: String) throws -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw PlainFailure(.connection, label, "the path is too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let descriptor = try open(AF_UNIX, label)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard code == 0 else { throw unreachable(descriptor, label) }
    return descriptor
  }

  private static func network(_ host: String, _ port: Int, _ label: String) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
      throw PlainFailure(
        .connection, label, "the host's address is not known", remedy: "check MEMCACHED_LOCATION in settings.py")
    }
    defer { freeaddrinfo(first) }
    var next: UnsafeMutablePointer<addrinfo>? = first
    var failure: (any Error)?
    while let address = next?.pointee {
      let descriptor = try open(address.ai_family, label)
      if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
      failure = unreachable(descriptor, label)
      next = address.ai_next
    }
    throw failure ?? PlainFailure(.connection, label, "cannot be reached")
  }

  private static func open(_ family: Int32, _ label: String) throws -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw PlainFailure.system(label, "socket", errno: errno, family: .connection) }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    return descriptor
  }

  private static func unreachable(_ descriptor: Int32, _ label: String) -> PlainFailure {
    let code = errno
    close(descriptor)
    return PlainFailure(
      .connection, label, "cannot be reached: \(SystemError.text(code))",
      remedy: "check that memcached runs, and MEMCACHED_LOCATION in settings.py")
  }
}
