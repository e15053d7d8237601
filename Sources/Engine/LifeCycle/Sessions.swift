import Archive
import FoundationEssentials
import Postgres

/// The sessions of people who are signed in, as the server keeps them in `django_session`.
///
/// A session's row does not say whose it is: its data does, packed and signed. It is only read here, never believed:
/// the signature is not checked, for all that follows is that somebody signs in again.
enum Sessions {
  /// The user that a session belongs to; nil where nobody is signed in, or where its form is not known.
  static func user(ofData data: String) -> Int64? {
    let payload = data.prefix { $0 != ":" }
    let isPacked = payload.first == "."
    guard let bytes = base64(isPacked ? payload.dropFirst() : payload) else { return nil }
    guard isPacked else { return user(in: bytes) }
    // A session holds a few hundred bytes; one that holds more than this is none of the server's.
    return ZlibStream.unpack(bytes, limit: 1 << 16).flatMap(user)
  }

  /// The keys of all sessions of these users.
  static func keys(of users: Set<Int64>, _ connection: Connection) throws -> [String] {
    try filtered(users, "true", connection)
  }

  /// How many sessions of these users have not expired.
  static func active(of users: Set<Int64>, _ connection: Connection) throws -> Int {
    try filtered(users, "expire_date > now()", connection).count
  }

  /// Read in portions: large servers have a million of them.
  private static func filtered(
    _ users: Set<Int64>, _ condition: String, _ connection: Connection
  ) throws -> [String] {
    var keys: [String] = []
    var last = ""
    while true {
      let rows = try connection.query(
        """
        SELECT session_key, session_data FROM django_session WHERE session_key > $1 AND \(condition)
        ORDER BY session_key LIMIT 20000
        """, [last])
      for row in rows {
        guard let user = user(ofData: row[1] ?? ""), users.contains(user), let key = row[0] else { continue }
        keys.append(key)
      }
      guard rows.count == 20_000, let next = rows.last?[0] else { return keys }
      last = next
    }
  }

  /// Signs these users out of everything. The server's cache holds copies: flush it afterwards.
  ///
  /// - Returns: how many sessions were ended.
  static func end(of users: Set<Int64>, _ connection: Connection) throws -> Int {
    let keys = try keys(of: users, connection)
    guard !keys.isEmpty else { return 0 }
    return try connection.change(
      "DELETE FROM django_session WHERE session_key = ANY(string_to_array($1, ','))", [keys.joined(separator: ",")])
  }

  private static func user(in bytes: [UInt8]) -> Int64? {
    struct Content: Decodable {
      let user: String?
      enum CodingKeys: String, CodingKey { case user = "_auth_user_id" }
    }
    if bytes.first == UInt8(ascii: "{") {
      return (try? JSONDecoder().decode(Content.self, from: Data(bytes)))?.user.flatMap { Int64($0) }
    }
    return pickled(bytes)
  }

  /// Servers of some years ago pickle their sessions: the key is followed by a short text with the id.
  private static func pickled(_ bytes: [UInt8]) -> Int64? {
    let text = String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x20 }, as: UTF8.self)
    let key = Array("_auth_user_id".utf8)
    let all = Array(text.utf8)
    guard let start = all.indices.first(where: { all[$0...].starts(with: key) }) else { return nil }
    let digits = all[(start + key.count)...].prefix(12).drop { !(0x30...0x39).contains($0) }
      .prefix { (0x30...0x39).contains($0) }
    return Int64(String(decoding: digits, as: UTF8.self))
  }

  /// Base64 for addresses, without the padding, as the server's framework writes it.
  private static func base64(_ text: some StringProtocol) -> [UInt8]? {
    var plain = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    while plain.count % 4 != 0 { plain.append("=") }
    return Data(base64Encoded: String(plain)).map { Array($0) }
  }
}
