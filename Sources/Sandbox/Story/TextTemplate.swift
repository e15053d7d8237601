/// A text with places to fill in, `{name}`, taken apart once so that filling is quick.
struct TextTemplate: Sendable {
  private enum Piece: Sendable {
    case text(String)
    case slot(String)
  }

  private let pieces: [Piece]

  init(_ text: String) {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      pieces.append(.text(String(rest[..<open])))
      pieces.append(.slot(String(rest[rest.index(after: open)..<close])))
      rest = rest[rest.index(after: close)...]
    }
    pieces.append(.text(String(rest)))
    self.pieces = pieces
  }

  /// The text with every place filled. A place that has no value stays visible.
  func filled(_ value: (String) -> String?) -> String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .slot(let name): text += value(name) ?? "{\(name)}"
      }
    }
    return text
  }
}
