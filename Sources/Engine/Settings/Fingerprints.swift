import Common

/// Marks by which equal secrets can be told without showing them.
///
/// A plain digest of a password that people chose can be guessed word by word by whoever reads it in a report. These are
/// made with a key that nobody keeps: they can be compared within one report, and tell nothing outside of it.
struct Fingerprints {
  private let key = RandomText.alphanumeric(43)

  /// Nil where none of the values is there.
  func of(_ secrets: [Secret?]) -> String? {
    let marks = secrets.map { secret in
      secret.map { String(Digest.hexadecimal((key + $0.reveal()).utf8).prefix(8)) } ?? "missing"
    }
    return secrets.allSatisfy { $0 == nil } ? nil : marks.joined(separator: ", ")
  }
}
