import Terminal

extension RowBuilder {
  /// Adds added and removed lines with their signs. Indentation is kept, because it has a meaning in settings files.
  mutating func difference(_ difference: Difference) {
    for line in difference.lines {
      switch line.kind {
      case .name:
        gap()
        paragraph(line.text, .title)
      case .place: paragraph(line.text, .secondary, indent: 2)
      case .same: signed(" ", line.text, .text)
      case .added: signed("+", line.text, .added)
      case .removed: signed("-", line.text, .removed)
      }
    }
  }

  private mutating func signed(_ sign: String, _ text: String, _ role: Role) {
    let room = max(1, width - 2)
    guard isSeen || TextWidth.columns(text) > room else { return add(.unseen) }
    for (offset, part) in TextWidth.cut(text, to: room).enumerated() {
      add(Row(spans: [Span(offset == 0 ? "\(sign) " : "  ", role), Span(part)]))
    }
  }
}
