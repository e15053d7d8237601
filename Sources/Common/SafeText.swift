/// Makes text from a database, an archive or another program safe to show on a terminal.
public enum SafeText {
  /// Removes characters that could move the cursor, change colours, or reorder or hide text: control characters,
  /// direction marks, invisible joiners. Line breaks and tabs become spaces.
  ///
  /// - Parameter limit: the maximum number of characters; longer texts end with an ellipsis. At most four times as many
  ///   scalars are read.
  public static func clean(_ text: some StringProtocol, limit: Int = .max) -> String {
    let (most, isUnlimited) = max(limit, 0).multipliedReportingOverflow(by: 4)
    var kept = 0
    var isCut = false
    var cleaned = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      guard isUnlimited || kept <= most else {
        isCut = true
        break
      }
      kept += 1
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x2028, 0x2029: cleaned.append(" ")
      case 0x00...0x1F, 0x7F...0x9F: continue
      case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFE00...0xFE0F, 0xFFF9...0xFFFB: continue
      default: cleaned.append(scalar)
      }
    }
    let whole = String(cleaned)
    guard isCut || (limit < .max && whole.count > limit) else { return whole }
    return String(whole.prefix(max(0, limit - 1))) + "…"
  }
}

extension SafeText {
  /// The maximum lengths of foreign texts, in characters.
  public enum Limit: Int, Sendable {
    /// A role, a version, a date.
    case short = 40
    /// A subdomain, a column, a person's account.
    case word = 60
    /// A setting, a table, a key.
    case label = 80
    /// A host, an organization, a product.
    case name = 100
    /// The name of a file.
    case title = 120
    /// A line of a log, or an object with its name.
    case line = 200
    /// A path.
    case path = 300
  }

  /// Cleans a text with the maximum length for its kind.
  public static func clean(_ text: some StringProtocol, limit: Limit) -> String { clean(text, limit: limit.rawValue) }
}
