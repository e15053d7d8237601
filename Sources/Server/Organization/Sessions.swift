import Archive
import Common
import JSON
import Postgres

/// Sessions of signed-in users (`django_session`): signed, often compressed text that contains the user's id.
package enum Sessions {
  /// Ends all sessions of these users. The server may still have some in memory: it has to be restarted, or its cache
  /// flushed.
  ///
  /// - Returns: the number of sessions.
  package static func end(of users: Set<Int64>, _ connection: Connection) throws -> Int {
    let keys = try keys(of: users, connection)
    for start in stride(from: 0, to: keys.count, by: 1000) {
      let some = keys[start..<min(start + 1000, keys.count)].map(Identifier.literal).joined(separator: ",")
      try connection.execute("DELETE FROM django_session WHERE session_key IN (\(some))")
    }
    return keys.count
  }

  /// Returns the keys of all sessions of these users, or of the unexpired ones.
  package static func keys(
    of users: Set<Int64>, onlyActive: Bool = false, _ connection: Connection
  ) throws -> [String] {
    var keys: [String] = []
    var reader = BinaryRowReader()
    let condition = onlyActive ? "WHERE expire_date > now()" : ""
    try connection.copyOut(
      "COPY (SELECT session_key, session_data FROM django_session \(condition)) TO STDOUT (FORMAT binary)"
    ) { message in
      guard try reader.read(message), let key = reader.fields[0], let data = reader.fields[1],
        let user = user(of: data), users.contains(user)
      else { return }
      keys.append(key.postgresText)
    }
    return keys
  }

  /// Returns the user of a session; nil for a session without a user, or an invalid one.
  ///
  /// - Parameter data: `PAYLOAD:TIME:SIGNATURE`. The payload is JSON in URL-safe base64; compressed if a full stop
  ///   precedes it.
  static func user(of data: UnsafeRawBufferPointer) -> Int64? {
    let isCompressed = data.first == UInt8(ascii: ".")
    let payload = data.dropFirst(isCompressed ? 1 : 0).prefix { $0 != UInt8(ascii: ":") }
    guard let bytes = Base64.decode(payload) else { return nil }
    let text = isCompressed ? try? Inflate.zlib(bytes, limit: 1 << 20) : bytes
    guard let text else { return nil }
    guard text.first == UInt8(ascii: "{") else { return pickled(text) }
    var user: Int64?
    try? text.withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes, name: "session")
      try scanner.object { scanner, key in
        let value = try scanner.value()
        guard key.elementsEqual("_auth_user_id".utf8) else { return }
        user = value.int ?? value.text.flatMap { Int64($0) }
      }
    }
    return user
  }

  /// Reads the pickled session of an older server: the key is followed by a short text with the id.
  private static func pickled(_ bytes: [UInt8]) -> Int64? {
    let key = Array("_auth_user_id".utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: key) }) else { return nil }
    let digits = bytes[(start + key.count)...].prefix(12).drop { !(0x30...0x39).contains($0) }
      .prefix { (0x30...0x39).contains($0) }
    return Int64(String(decoding: digits, as: UTF8.self))
  }
}
