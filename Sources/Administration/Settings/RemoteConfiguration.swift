import Common
import FoundationEssentials
import Glibc
import Operations
import Remote

/// The settings of a server on another machine: asked for over SSH, or delivered by the machine that has called this one.
public struct RemoteConfiguration: Sendable {
  /// The path that stands for settings that another machine delivers on standard input.
  public static let standardInput = "-"

  /// The key of the marks, for one comparison.
  let key: String
  private let place: Place

  private enum Place: Sendable {
    case machine(RemoteAddress, copiesProgram: Bool)
    case standardInput(ConfigurationSnapshot)
    /// Everything that was decided is in it already.
    case complete(ConfigurationSnapshot)
  }

  /// Returns the settings that another machine has delivered with a request.
  public static func source(of delivery: ConfigurationDelivery) throws -> ConfigurationSource {
    try RemoteConfiguration(key: delivery.key, place: .complete(delivery.snapshot)).source()
  }

  private init(key: String, place: Place) {
    self.key = key
    self.place = place
  }

  init(_ path: String, copiesProgram: Bool) throws {
    guard path == Self.standardInput else {
      key = Fingerprints.makeKey()
      place = .machine(try RemoteAddress(path), copiesProgram: copiesProgram)
      return
    }
    let delivery = try Self.delivered.get()
    key = delivery.key
    place = .standardInput(delivery.snapshot)
  }

  /// - Parameter revealed: the names of secrets and settings whose values are needed.
  func source(revealing revealed: Set<String> = []) throws -> ConfigurationSource {
    try ConfigurationSource(snapshot(revealing: revealed), self)
  }

  fileprivate func snapshot(revealing revealed: Set<String>) throws -> ConfigurationSnapshot {
    let request = ConfigurationRequest(key: key, revealed: revealed)
    return switch place {
    case .machine(let address, let copies): try Self.ask(address, request, copies: copies)
    case .standardInput(let snapshot): revealed.isEmpty ? snapshot : try Self.askCaller(request)
    case .complete(let snapshot): snapshot
    }
  }

  // MARK: Over SSH

  private static func ask(
    _ address: RemoteAddress, _ request: ConfigurationRequest, copies: Bool
  ) throws -> ConfigurationSnapshot {
    let consent = RemoteServer.Consent(canAsk: false) { _ in copies }
    let server = try RemoteServer.open(address, consent)
    defer { server.close() }
    return try server.connection.retrying(cancellation: Cancellation()) {
      let channel = try server.connection.start(server.command(["peer", "configuration"] + server.serverWords))
      defer { channel.end() }
      try (Array(try JSONEncoder().encode(request)) + [0x0A]).withUnsafeBytes { try channel.write($0) }
      channel.closeInput()
      var lines = LineSplitter(longest: 64 << 20)
      while let bytes = try channel.read() {
        for line in lines.add(bytes) {
          if let snapshot = try? JSONDecoder().decode(ConfigurationSnapshot.self, from: Data(line.utf8)) {
            return snapshot
          }
        }
      }
      let status = channel.wait()
      if status == SSHConnection.lostStatus { throw channel.failure }
      let words = channel.errorText.split(whereSeparator: \.isNewline).map { SafeText.clean($0, limit: .line) }
      throw PlainFailure(
        FailureFamily(rawValue: status) ?? .configuration, address.text, words.first ?? "its settings cannot be read",
        remedy: words.dropFirst().first ?? "check the folder behind the host")
    }
  }

  /// Answers a request of another machine.
  public static func answer(_ line: String, from source: ConfigurationSource) throws -> [UInt8] {
    let request = try JSONDecoder().decode(ConfigurationRequest.self, from: Data(line.utf8))
    return Array(try JSONEncoder().encode(source.snapshot(key: request.key, revealing: request.revealed))) + [0x0A]
  }

  // MARK: From the caller

  /// Returns the first line for a machine that is called with ``standardInput``.
  public static func line(of delivery: ConfigurationDelivery) throws -> [UInt8] {
    Array(try JSONEncoder().encode(delivery)) + [0x0A]
  }

  /// Read once: standard input cannot be read again.
  private static let delivered = Result { () throws -> ConfigurationDelivery in
    guard let line = readLine(strippingNewline: true),
      let delivery = try? JSONDecoder().decode(ConfigurationDelivery.self, from: Data(line.utf8))
    else { throw unreadable }
    return delivery
  }

  /// The request for values, among the output of the command. The caller answers on standard input.
  private struct Reveal: Codable {
    let reveal: ConfigurationRequest
  }

  /// - Returns: nil if a line of the called machine is no request for values.
  public static func request(_ line: String) -> String? {
    guard line.hasPrefix("{\"reveal\""),
      let reveal = try? JSONDecoder().decode(Reveal.self, from: Data(line.utf8)),
      let data = try? JSONEncoder().encode(reveal.reveal)
    else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  private static func askCaller(_ request: ConfigurationRequest) throws -> ConfigurationSnapshot {
    let line = Array(try JSONEncoder().encode(Reveal(reveal: request))) + [0x0A]
    try line.withUnsafeBytes { try FileSystem.writeAll(STDOUT_FILENO, $0, path: "standard output") }
    guard let answer = readLine(strippingNewline: true),
      let snapshot = try? JSONDecoder().decode(ConfigurationSnapshot.self, from: Data(answer.utf8))
    else { throw unreadable }
    return snapshot
  }

  private static var unreadable: PlainFailure {
    PlainFailure(
      .configuration, "standard input", "holds no settings of a server",
      remedy: "give the old server with --from: its root folder, its address, or a backup")
  }
}

extension ConfigurationSource {
  /// Returns what another machine needs of these settings.
  ///
  /// - Parameter revealed: the names of secrets and settings whose values are needed.
  public func delivery(revealing revealed: Set<String> = []) throws -> ConfigurationDelivery {
    if let remote { return ConfigurationDelivery(key: remote.key, snapshot: try remote.snapshot(revealing: revealed)) }
    let key = Fingerprints.makeKey()
    return ConfigurationDelivery(key: key, snapshot: try snapshot(key: key, revealing: revealed))
  }

  /// Answers a request of a machine that has got a delivery with the key of the request.
  public func answer(_ line: String) throws -> [UInt8] {
    guard let remote else { return try RemoteConfiguration.answer(line, from: self) }
    let request = try JSONDecoder().decode(ConfigurationRequest.self, from: Data(line.utf8))
    return Array(try JSONEncoder().encode(remote.snapshot(revealing: request.revealed))) + [0x0A]
  }
}
