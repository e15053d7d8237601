import Common
import Terminal

/// A line of text with a cursor.
struct LineEditor: Sendable, Equatable {
  private(set) var characters: [Character]
  private(set) var caret: Int

  init(_ text: String, caret: Int?) {
    characters = Array(text)
    self.caret = min(max(0, caret ?? characters.count), characters.count)
  }

  /// The longest text in bytes: the maximum length of a path. More is never meant, and would make every key slow.
  static let longest = 4096
  static let tooLong = "Not accepted: the text would be longer than \(longest) bytes"

  var isTooLong: Bool { text.utf8.count > Self.longest }

  var text: String { String(characters) }

  /// Handles a key; returns false if it has no meaning in a line.
  mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert([character])
    case .paste(let text):
      // A pasted path often ends with a line break.
      insert(text.filter { !$0.isNewline && $0 != "\t" }.map { $0 })
    case .left: caret = max(0, caret - 1)
    case .right: caret = min(characters.count, caret + 1)
    case .home, .control("a"): caret = 0
    case .end, .control("e"): caret = characters.count
    case .backspace:
      guard caret > 0 else { return true }
      caret -= 1
      characters.remove(at: caret)
    case .delete, .control("d"):
      guard caret < characters.count else { return true }
      characters.remove(at: caret)
    case .control("u"):
      characters.removeFirst(caret)
      caret = 0
    case .control("k"): characters.removeLast(characters.count - caret)
    case .control("w"):
      let end = caret
      while caret > 0, !Self.isWord(characters[caret - 1]) { caret -= 1 }
      while caret > 0, Self.isWord(characters[caret - 1]) { caret -= 1 }
      characters.removeSubrange(caret..<end)
    default: return false
    }
    return true
  }

  private mutating func insert(_ new: [Character]) {
    characters.insert(contentsOf: new, at: caret)
    caret += new.count
  }

  private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}

extension WizardModel {
  func editor(_ key: String) -> LineEditor {
    if case .secret? = session.field(key)?.kind {
      return LineEditor(session.answers.secret(key)?.reveal() ?? "", caret: carets[key])
    }
    return LineEditor(session.answers.text(key) ?? "", caret: carets[key])
  }

  /// Handles a key of a focused text field.
  mutating func type(_ key: Key, into name: String) {
    guard let field = session.field(name) else { return }
    if case .confirmation = field.kind, case .paste = key {
      tell("This has to be typed: pasting does not confirm a deletion")
      return
    }
    var editor = editor(name)
    let before = editor.text
    guard editor.handle(key) else { return }
    guard !editor.isTooLong || editor.text.utf8.count < before.utf8.count else { return tell(LineEditor.tooLong) }
    carets[name] = editor.caret
    guard editor.text != before else { return }
    if case .secret = field.kind {
      session.answer(name, secret: editor.text.isEmpty ? nil : Secret(editor.text))
    } else {
      session.answer(name, .text(editor.text), typing: true)
      narrowCompletion()
    }
  }

  /// Replaces the text of a field like typed input.
  mutating func replaceText(of name: String, with text: String) {
    carets[name] = nil
    session.answer(name, .text(text), typing: true)
  }
}
