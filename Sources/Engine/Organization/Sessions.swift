import Archive
import Common
import Postgres

/// Sessions of signed-in users, as the server's framework keeps them: text that names the user, signed, often compressed.
enum Sessions {
  /// Ends all sessions of these users. The server may still have some in memory: it has to be restarted, or its cache
  /// flushed.
  ///
  /// - Returns: how many there were.
  static func end(of users: Set<Int64>, _ connection: Connection) throws -> Int {
    var keys: [String] = []
    var reader = BinaryRowReader()
    try connection.copyOut(
      "COPY (SELECT session_key, session_data FROM django_session) TO STDOUT (FORMAT binary)"
    ) { message in
      guard try reader.read(message), let key = reader.fields[0], let data = reader.fields[1],
        let user = user(of: data), users.contains(user)
      else { return }
      keys.append(key.postgresText)
    }
    for start in stride(from: 0, to: keys.count, by: 1000) {
      let some = keys[start..<min(start + 1000, keys.count)].map(Identifier.literal).joined(separator: ",")
      try connection.execute("DELETE FROM django_session WHERE session_key IN (\(some))")
    }
    return keys.count
  }

  /// The user that a session belongs to; nil for one of nobody, or one that makes no sense.
  ///
  /// - Parameter data: `PAYLOAD:TIME:SIGNATURE`. The payload is JSON in URL-safe base64; with a full stop before it where
  ///   it is compressed.
  static func user(of data: UnsafeRawBufferPointer) -> Int64? {
    let isCompressed = data.first == UInt8(ascii: ".")
    let payload = data.dropFirst(isCompressed ? 1 : 0).prefix { $0 != UInt8(ascii: ":") }
    guard let bytes = Base64.decode(payload) else { return nil }
    let text = isCompressed ? try? Inflate.zlib(bytes, limit: 1 << 20) : bytes
    guard let text else { return nil }
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
}
