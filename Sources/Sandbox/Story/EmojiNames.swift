/// The emoji of the stories, with the server's names and codes.
enum EmojiNames {
  static let codes: [String: String] = [
    "thumbs_up": "1f44d", "tada": "1f389", "heart": "2764", "smile": "1f642", "joy": "1f602", "eyes": "1f440",
    "wave": "1f44b", "hammer": "1f528", "check": "2705", "cake": "1f370", "ocean": "1f30a", "sailboat": "26f5",
    "rocket": "1f680", "fire": "1f525", "pray": "1f64f", "clap": "1f44f", "anchor": "2693", "coffee": "2615",
    "dumpling": "1f95f", "handshake": "1f91d", "sunny": "2600",
  ]

  /// The characters that can be typed instead of names.
  static let names: [Character: String] = [
    "👍": "thumbs_up", "🎉": "tada", "❤️": "heart", "🙂": "smile", "😂": "joy", "👋": "wave", "🌊": "ocean", "⛵": "sailboat",
    "🙏": "pray", "⚓": "anchor", "☕": "coffee", "🥟": "dumpling", "🤝": "handshake", "☀️": "sunny",
  ]

  /// Returns the HTML of an emoji in a message; nil for an unknown name.
  static func html(_ name: String) -> String? {
    guard let code = codes[name] else { return nil }
    let spoken = name.replacing("_", with: " ")
    return "<span aria-label=\"\(spoken)\" class=\"emoji emoji-\(code)\" role=\"img\" title=\"\(spoken)\">"
      + ":\(name):</span>"
  }
}
