import Common

/// Short marks that show whether secrets are equal, without showing them.
///
/// A plain digest of a weak password could be guessed by a reader of a report. These marks use a random key that is
/// never stored: they can be compared only within one report.
struct Fingerprints {
  private let key: String

  /// - Parameter key: the same one gives the same marks, for two machines that compare their secrets; nil: a new one.
  init(key: String? = nil) { self.key = key ?? Self.makeKey() }

  static func makeKey() -> String { RandomText.alphanumeric(43) }

  /// Returns the mark of one or several secrets; nil if none of them exists.
  func of(_ secrets: [Secret?]) -> String? {
    let marks = secrets.map { secret in
      secret.map { String(Digest.hexadecimal((key + $0.reveal()).utf8).prefix(8)) } ?? "missing"
    }
    return secrets.allSatisfy { $0 == nil } ? nil : marks.joined(separator: ", ")
  }
}
