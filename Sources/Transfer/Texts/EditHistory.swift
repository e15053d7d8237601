import JSON

/// A message's edit history: a JSON list of edits, with ids of users and channels and with earlier texts.
extension TextRewriter {
  /// Returns the changed history; nil if nothing changes or if it is not in the server's format.
  ///
  /// An edit by a user who is not in the archive becomes an edit by no user, like old edits.
  func editHistory(_ text: UnsafeRawBufferPointer, unknown: inout Int) -> [UInt8]? {
    let output = JSONBuffer(capacity: text.count + 64)
    var scanner = JSONScanner(text, name: "edit_history")
    var changed = false
    var missing = 0
    do {
      output.byte(0x5B)
      var isFirst = true
      try scanner.array { scanner in
        if !isFirst { output.raw(", ") }
        isFirst = false
        changed = try edit(&scanner, into: output, &missing) || changed
      }
      guard scanner.peek() == 0, scanner.position >= text.count else { return nil }
      output.byte(0x5D)
    } catch {
      return nil
    }
    unknown += missing
    return changed ? Array(output.bytes) : nil
  }

  private func edit(
    _ scanner: inout JSONScanner, into output: JSONBuffer, _ unknown: inout Int
  ) throws -> Bool {
    var changed = false
    var isFirst = true
    output.byte(0x7B)
    try scanner.object { scanner, key in
      if !isFirst { output.raw(", ") }
      isFirst = false
      output.string(key)
      output.raw(": ")
      let name = String(decoding: key, as: UTF8.self)
      let value = try scanner.value()
      switch name {
      case "user_id":
        let isForeign = value.int.map { references.users[$0] == nil } ?? false
        if isForeign {
          output.null()
          unknown += 1
        }
        changed = (isForeign ? true : number(value, references.users, into: output, &unknown)) || changed
      case "stream", "prev_stream": changed = number(value, references.channels, into: output, &unknown) || changed
      case "prev_content":
        changed = string(value, into: output) { markdown($0, unknown: &unknown) } || changed
      case "prev_rendered_content":
        changed = string(value, into: output) { html($0, unknown: &unknown) } || changed
      default: copy(value, into: output)
      }
    }
    output.byte(0x7D)
    return changed
  }

  private func number(
    _ value: JSONScanner.Value, _ map: IDMap, into output: JSONBuffer, _ unknown: inout Int
  ) -> Bool {
    guard let old = value.int, let new = map[old] else {
      if value.int != nil { unknown += 1 }
      copy(value, into: output)
      return false
    }
    output.integer(new)
    return new != old
  }

  private func string(
    _ value: JSONScanner.Value, into output: JSONBuffer, _ rewrite: (UnsafeRawBufferPointer) -> [UInt8]?
  ) -> Bool {
    var decoded: [UInt8] = []
    guard value.kind == .string else {
      copy(value, into: output)
      return false
    }
    value.decode(into: &decoded)
    guard let changed = decoded.withUnsafeBytes(rewrite) else {
      copy(value, into: output)
      return false
    }
    changed.withUnsafeBytes { output.string($0) }
    return true
  }

  private func copy(_ value: JSONScanner.Value, into output: JSONBuffer) {
    if value.kind == .string { output.byte(0x22) }
    output.raw(value.bytes)
    if value.kind == .string { output.byte(0x22) }
  }
}
