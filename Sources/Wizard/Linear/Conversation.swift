import Common
import Operations
import Terminal

/// A partner for line-based dialogs: a terminal, a pipe, or a test.
protocol Conversation {
  func say(_ line: String)
  func ask(_ question: String, hidden: Bool) -> LineTerminal.Answer
  /// Asks a question that ignores earlier input.
  func askAfresh(_ question: String) -> LineTerminal.Answer
  /// Whether a person can answer, unlike in a file or a pipe.
  var isAttended: Bool { get }
  /// Rings the bell.
  func ring()
}

extension LineTerminal: Conversation {}

/// Prints texts in a conversation. Foreign text is cleaned here.
struct LinearVoice {
  let conversation: any Conversation
  /// The width of lines; nil for screen readers, which read across line ends.
  let width: Int?

  func say(_ text: String, indent: Int = 0, hanging: Int = 0) {
    let margin = String(repeating: " ", count: indent)
    let clean = SafeText.clean(text)
    let lines = width.map { TextWidth.wrapped(clean, to: $0 - indent, hanging: hanging) } ?? [clean]
    for line in lines { conversation.say(margin + line) }
  }

  func gap() { conversation.say("") }

  /// Prints a command line without wrapping, so that it can be copied.
  func command(_ text: String) { conversation.say("    " + SafeText.clean(text)) }

  func blocks(_ blocks: [TextBlock]) {
    for block in blocks {
      switch block {
      case .paragraph(let text): say(text)
      case .point(let text): say("- \(text)", indent: 1, hanging: 2)
      case .command(let text), .line(let text): command(text)
      // In the linear mode the questions explain the keys.
      case .keys: break
      }
    }
  }

  /// Prints a report, one line per text, without marks and colours.
  func report(_ report: Report) {
    for block in report.blocks {
      switch block {
      case .heading(let text): say("\(text):")
      case .paragraph(let text, _): say(text)
      case .facts(let facts): for fact in facts { say("\(fact.name): \(fact.value)") }
      case .item(let label, let text, _): say("\(label.map { "\($0):" } ?? "-") \(text)", indent: 2, hanging: 4)
      case .remedy(let text): say("What to do: \(text)", indent: 4, hanging: 4)
      case .step(let step):
        say("- \(step.text)", indent: 2, hanging: 2)
        for line in step.commands { command(line) }
      case .gap: break
      }
    }
  }

  func ask(_ question: String, hidden: Bool = false) -> LineTerminal.Answer {
    conversation.ask(SafeText.clean(question), hidden: hidden)
  }

  func askAfresh(_ question: String) -> LineTerminal.Answer { conversation.askAfresh(SafeText.clean(question)) }
}
