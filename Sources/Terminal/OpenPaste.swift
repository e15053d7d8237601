import CCurses

/// A paste whose bytes are arriving. They are read without ncurses, which would search each of them for keys.
///
/// A paste without an end mark ends after a pause, or with a key after a pause. If its rest arrives later, because the
/// line was stalled, it is a paste too and never read as keys: only a key that comes alone ends the paste for good.
struct OpenPaste {
  enum Progress {
    /// More can follow.
    case open
    /// - after: a key that followed a paste without an end mark.
    case ended(after: Key?)
  }

  /// Longer pastes are truncated.
  static let longest = 1 << 16
  private static let endMark = Array("\u{1B}[201~".utf8)
  /// The longest pause within a paste.
  private static let patience = Duration.seconds(3)
  /// Without marks, bytes belong together only if they arrive together.
  private static let patienceUnmarked = Duration.milliseconds(60)
  /// After this pause in a paste, a single key does not belong to it.
  private static let pauseBeforeKey = Duration.milliseconds(700)
  /// The bytes of one key arrive within this time, in milliseconds.
  private static let togetherWithin: Int32 = 100
  /// The longest time of one ``read(_:)``, so that signals and other events are handled during a long paste.
  private static let turn = Duration.milliseconds(50)

  private let isMarked: Bool
  private var bytes: [UInt8]
  /// How many bytes of the end mark have arrived.
  private var matched: Int32 = 0
  private var lastByte = ContinuousClock.now
  /// Whether the text is complete: the end mark has arrived, or none is expected any more.
  private var isComplete = false
  /// Whether a text was taken because its end mark did not arrive in time.
  private var isOverdue = false

  /// - Parameters:
  ///   - isMarked: whether the terminal marks its beginning and its end.
  ///   - first: the character that was read already.
  init(isMarked: Bool, first: UInt32? = nil) {
    self.isMarked = isMarked
    bytes = first.flatMap(Unicode.Scalar.init).map { Array(String(Character($0)).utf8) } ?? []
  }

  /// When it ends without a further byte; nil if it only waits for a late rest.
  var deadline: ContinuousClock.Instant? {
    isOverdue && bytes.isEmpty ? nil : lastByte + (isMarked ? Self.patience : Self.patienceUnmarked)
  }

  /// Reads the arrived bytes.
  ///
  /// - Parameter key: returns the key of a single character.
  mutating func read(key: (UInt32) -> Key?) -> Progress {
    let began = ContinuousClock.now
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let before = matched
      let count = ccurses_read_paste(&chunk, Int32(chunk.count), &matched, 0)
      guard count >= 0 else { return end(after: nil) }
      let now = ContinuousClock.now
      guard count > 0 || matched != before else {
        guard let deadline, now >= deadline else { return .open }
        if !isMarked { return end(after: nil) }
        isComplete = true
        isOverdue = true
        return .open
      }
      let pause = now - lastByte
      lastByte = now
      keep(chunk.prefix(Int(count)))
      if isMarked, before == 0, isOverdue || pause > Self.pauseBeforeKey, let key = keyAlone(Int(count), chunk, key) {
        return end(after: key)
      }
      if matched == Self.endMark.count { return end(after: nil) }
      if now - began > Self.turn { return .open }
    }
  }

  /// Returns the text if it is complete, once; nil if it is not, or is the empty rest of an earlier one.
  mutating func takeText() -> String? {
    guard isComplete else { return nil }
    isComplete = false
    let wasEmpty = bytes.isEmpty
    defer { bytes = [] }
    if wasEmpty && hasBeenTaken { return nil }
    hasBeenTaken = true
    var text = PastedText()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { text.add(scalar.value) }
    return text.text
  }

  private var hasBeenTaken = false

  private mutating func end(after key: Key?) -> Progress {
    isComplete = true
    return .ended(after: key)
  }

  /// An overlong paste is truncated but read to its end, so that its rest is not read as keys.
  private mutating func keep(_ more: ArraySlice<UInt8>) {
    bytes += more.prefix(max(0, Self.longest - bytes.count))
  }

  /// Returns the key if the last bytes are exactly one and nothing follows; these bytes are then no part of the paste.
  private mutating func keyAlone(_ count: Int, _ chunk: [UInt8], _ key: (UInt32) -> Key?) -> Key? {
    let first = Array(chunk.prefix(count)) + Self.endMark.prefix(Int(matched))
    guard first.count < 8 else { return nil }
    let atFirst = matched
    var more = [UInt8](repeating: 0, count: 64)
    let rest = ccurses_read_paste(&more, Int32(more.count), &matched, Self.togetherWithin)
    if rest <= 0, matched == atFirst, let key = Self.key(first, key) {
      bytes.removeLast(min(count, bytes.count))
      return key
    }
    keep(more.prefix(Int(max(0, rest))))
    return nil
  }

  /// Returns the key that consists of exactly these bytes; nil for several keys.
  private static func key(_ bytes: [UInt8], _ character: (UInt32) -> Key?) -> Key? {
    let text = String(decoding: bytes, as: UTF8.self)
    if text == "\u{1B}" { return .escape }
    if text.hasPrefix("\u{1B}[") || text.hasPrefix("\u{1B}O") { return sequences[String(text.dropFirst(2))] }
    let scalars = text.unicodeScalars
    guard scalars.count == 1, let scalar = scalars.first, scalar.value != 0x1B else { return nil }
    return character(scalar.value)
  }

  /// The sequences of keys that every terminal sends alike, after `ESC [` or `ESC O`.
  private static let sequences: [String: Key] = [
    "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "Z": .backTab, "1~": .home, "4~": .end,
    "7~": .home, "8~": .end, "3~": .delete, "5~": .pageUp, "6~": .pageDown, "P": .function(1), "11~": .function(1),
  ]
}
