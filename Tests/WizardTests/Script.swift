import Common
import Engine
import Synchronization
import Terminal

@testable import Wizard

/// A conversation with somebody who has written down beforehand what to answer.
final class Script: Conversation {
  private let lines: Mutex<[LineTerminal.Answer]>
  private let said = Mutex<[String]>([])

  init(_ lines: [String]) { self.lines = Mutex(lines.map { .text($0) }) }
  init(answers: [LineTerminal.Answer]) { lines = Mutex(answers) }

  func say(_ line: String) { said.withLock { $0.append(line) } }

  let bells = Mutex(0)
  func ring() { bells.withLock { $0 += 1 } }

  var isAttended: Bool {
    get { attended.withLock { $0 } }
    set { attended.withLock { $0 = newValue } }
  }
  private let attended = Mutex(true)
  /// The questions that only a line answers which was typed after them.
  let freshQuestions = Mutex<[String]>([])
  func askAfresh(_ question: String) -> LineTerminal.Answer {
    freshQuestions.withLock { $0.append(question) }
    return ask(question, hidden: false)
  }

  func ask(_ question: String, hidden: Bool) -> LineTerminal.Answer {
    let answer = lines.withLock { $0.isEmpty ? .end : $0.removeFirst() }
    said.withLock { $0.append("\(question) ->") }
    return answer
  }

  /// All that was said and asked, a line each.
  var transcript: String { said.withLock { $0.joined(separator: "\n") } }
  var leftOver: Int { lines.withLock { $0.count } }
  func says(_ text: String) -> Bool { transcript.contains(text) }
}

/// Does errands at once, on the caller's thread. What a test puts into `insteadOfRunning` happens while work runs.
final class PromptDesk: ErrandDesk {
  private var waiting: [News] = []
  /// Made of the ticket of the work.
  var insteadOfRunning: ((Int) -> [DeskNews])?
  private var scripted: [DeskNews] = []
  private(set) var timeouts: [Duration?] = []
  private(set) var cancellation: Cancellation?

  /// Looks never answer, and who waits for one presses Ctrl-C.
  var isDeaf = false

  func start(_ errand: Errand) {
    if case .list = errand.work, isDeaf {
      scripted = [.interrupted]
      return
    }
    if case .run(let make) = errand.work, let insteadOfRunning {
      _ = try? make()
      cancellation = errand.cancellation
      scripted = insteadOfRunning(errand.ticket)
      return
    }
    let heard = Heard()
    Worker.perform(errand) { heard.add($0) }
    waiting += heard.all
  }

  func wait(timeout: Duration?) -> DeskNews {
    timeouts.append(timeout)
    if !waiting.isEmpty {
      defer { waiting = [] }
      return .news(waiting)
    }
    return scripted.isEmpty ? .gone : scripted.removeFirst()
  }

  private final class Heard: Sendable {
    private let news = Mutex<[News]>([])
    func add(_ item: News) { news.withLock { $0.append(item) } }
    var all: [News] { news.withLock { $0 } }
  }
}

/// The linear wizard with a script.
struct LinearWalk {
  let script: Script
  let desk = PromptDesk()
  var runner: LinearRunner

  init(_ flow: Flow, _ lines: [String], given: GivenAnswers = GivenAnswers(), width: Int? = nil) {
    self.init(flow, script: Script(lines), given: given, width: width)
  }

  init(
    _ flow: Flow, script: Script, given: GivenAnswers = GivenAnswers(), width: Int? = nil,
    consent: LinearRunner.Consent = LinearRunner.Consent()
  ) {
    self.script = script
    runner = LinearRunner(
      Itinerary(flow, given: given), voice: LinearVoice(conversation: script, width: width), desk: desk,
      consent: consent)
  }

  init(_ itinerary: Itinerary, _ lines: [String]) {
    script = Script(lines)
    runner = LinearRunner(itinerary, voice: LinearVoice(conversation: script, width: nil), desk: desk)
  }

  var answers: Answers { runner.journey.answers }
}

extension FakeServers {
  /// The flow of a move between these servers.
  func flow(target: String? = "/target") -> Flow {
    .move(context(target: target), looks, archive: "/tmp/move.tar.gz")
  }

  /// What the last work that was begun had been told.
  var begun: MoveDecisions? { state.withLock { $0.operations.last } }
}
