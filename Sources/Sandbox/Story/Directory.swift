/// The ids for the names in a story.
struct Directory: Sendable {
  struct Person: Sendable {
    let id: Int
    let name: String
  }

  struct Channel: Sendable {
    let id: Int
    let recipient: Int
    let name: String
  }

  let realm: Int
  /// The host name of the organization, for links.
  let site: String
  /// Users and bots by key.
  var people: [String: Person] = [:]
  var groups: [String: Int] = [:]
  var channels: [String: Channel] = [:]
  /// The active custom emoji: id and file name by name.
  var emoji: [String: (id: Int, file: String)] = [:]

  /// Encodes a part of a link like the server, with dots instead of percent signs.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x7E: encoded.append(Character(Unicode.Scalar(byte)))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "." + (digits.count == 1 ? "0" + digits : digits)
      }
    }
    return encoded
  }

  /// Returns a relative link to a channel, or to one of its topics.
  func link(to channel: Channel, topic: String? = nil) -> String {
    let place = "#narrow/stream/\(channel.id)-\(Self.encode(channel.name.replacing(" ", with: "-")))"
    return topic.map { "\(place)/topic/\(Self.encode($0))" } ?? place
  }
}
