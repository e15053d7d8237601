import Common
import Engine
import Terminal

/// Somebody to talk to line by line: a terminal, a pipe, a test.
protocol Conversation {
  func say(_ line: String)
  func ask(_ question: String, hidden: Bool) -> LineTerminal.Answer
  /// Asks a question that only a line answers which was typed after it.
  func askAfresh(_ question: String) -> LineTerminal.Answer
  /// Whether a person can be at the other end, who reads a question before answering it. A file or a pipe does not.
  var isAttended: Bool { get }
  /// Calls somebody who is not listening.
  func ring()
}

extension LineTerminal: Conversation {}

/// Says whole texts in a conversation. What comes from elsewhere is cleaned here.
struct LinearVoice {
  let conversation: any Conversation
  /// Where lines are broken; nil leaves that to who reads: a screen reader reads on over the end of a line.
  let width: Int?

  func say(_ text: String, indent: Int = 0, hanging: Int = 0) {
    let margin = String(repeating: " ", count: indent)
    let clean = SafeText.clean(text)
    let lines = width.map { TextWidth.wrapped(clean, to: $0 - indent, hanging: hanging) } ?? [clean]
    for line in lines { conversation.say(margin + line) }
  }

  func gap() { conversation.say("") }

  /// A command line, never broken: it is there to be copied.
  func command(_ text: String) { conversation.say("    " + SafeText.clean(text)) }

  func blocks(_ blocks: [TextBlock]) {
    for block in blocks {
      switch block {
      case .paragraph(let text): say(text)
      case .point(let text): say("- \(text)", indent: 1, hanging: 2)
      case .command(let text), .line(let text): command(text)
      // Here it is the questions that say what to press.
      case .keys: break
      }
    }
  }

  /// Says a report, one line for each of its texts: nothing is told by a mark or a colour.
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
