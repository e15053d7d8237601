import Common
import FoundationEssentials
import Glibc

/// Writes lines of JSON into a socket.
enum CheckLine {
  /// - Returns: false if it cannot be sent, for example because the other process has ended.
  static func write(_ value: some Encodable, to descriptor: Int32) -> Bool {
    guard let line = try? JSONEncoder().encode(value) else { return false }
    var rest = Array(line + [0x0A])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Reads lines of JSON from a socket.
struct CheckLineReader {
  /// The findings of a check are far shorter.
  private static let longest = 64 << 20
  /// How often a cancellation is looked at.
  private static let interval: Int32 = 250

  private let descriptor: Int32
  /// The bytes received after the last line.
  private var rest: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Waits for a line.
  ///
  /// - Parameter isCancelled: ends the wait.
  /// - Returns: nil at the end of the input, after a cancellation, or if the line is not valid.
  mutating func next<Value: Decodable>(isCancelled: () -> Bool = { false }) -> Value? {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    // The beginning has no line break: it is not searched again.
    var searched = 0
    while rest.count < Self.longest {
      if let end = rest[searched...].firstIndex(of: 0x0A) {
        defer { rest = Array(rest[(end + 1)...]) }
        return try? JSONDecoder().decode(Value.self, from: Data(rest[..<end]))
      }
      searched = rest.count
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard !isCancelled() else { return nil }
      // A signal does not end the wait: its handler sets the cancellation.
      guard poll(&waiting, 1, Self.interval) > 0 else { continue }
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      rest += chunk[..<count]
    }
    return nil
  }
}
