/// A message's edit history: a JSON list of edits, with ids of users and channels and with earlier texts.
extension TextRewriter {
  /// The changed history, or nil where nothing changes or where it is not what the server writes.
  func editHistory(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    let output = JSONBuffer(capacity: text.count + 64)
    var scanner = JSONScanner(text, name: "edit_history")
    var changed = false
    do {
      output.byte(0x5B)
      var isFirst = true
      try scanner.array { scanner in
        if !isFirst { output.raw(", ") }
        isFirst = false
        changed = try edit(&scanner, into: output) || changed
      }
      output.byte(0x5D)
    } catch {
      return nil
    }
    return changed ? Array(output.bytes) : nil
  }

  private func edit(_ scanner: inout JSONScanner, into output: JSONBuffer) throws -> Bool {
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
      case "user_id": changed = number(value, references.users, into: output) || changed
      case "stream", "prev_stream": changed = number(value, references.channels, into: output) || changed
      case "prev_content": changed = string(value, into: output) { markdown($0) } || changed
      case "prev_rendered_content": changed = string(value, into: output) { html($0) } || changed
      default: copy(value, into: output)
      }
    }
    output.byte(0x7D)
    return changed
  }

  private func number(_ value: JSONScanner.Value, _ map: IDMap, into output: JSONBuffer) -> Bool {
    guard let old = value.int, let new = map[old] else {
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
