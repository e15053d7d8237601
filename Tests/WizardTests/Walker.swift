import Common
import Operations
import Synchronization
import Terminal
import Testing

@testable import Wizard

/// Drives a wizard without a terminal: presses keys, reads the screen, and does background tasks on request.
final class Walker {
  private(set) var model: WizardModel
  private(set) var now = ContinuousClock.Instant.now
  private(set) var waiting: [BackgroundTask] = []
  private(set) var hasEnded = false
  private(set) var redraws = 0
  private(set) var saves = 0
  private(set) var bells = 0
  /// Whether lookups are done immediately.
  var answersAtOnce = true
  /// Whether files are written.
  var savesForReal = false
  /// Whether other flows are opened immediately.
  var opensAtOnce = true
  private var opens: [BackgroundTask] = []

  init(
    _ flow: Flow, given: GivenAnswers = GivenAnswers(), size: Size = Size(columns: 80, rows: 24),
    glyphs: Glyphs = .unicode, answersAtOnce: Bool = true
  ) {
    self.answersAtOnce = answersAtOnce
    model = WizardModel(flow, given: given, size: size, glyphs: glyphs, now: now)
    carryOut()
  }

  init(
    _ wizardSession: WizardSession, size: Size = Size(columns: 80, rows: 24), glyphs: Glyphs = .unicode,
    answersAtOnce: Bool = true
  ) {
    self.answersAtOnce = answersAtOnce
    model = WizardModel(wizardSession, size: size, glyphs: glyphs, now: now)
    carryOut()
  }

  /// Returns a walker in the flow of a move between fake servers.
  static func move(
    _ servers: FakeEngine, target: String? = "/target", size: Size = Size(columns: 80, rows: 24),
    glyphs: Glyphs = .unicode, isTest: Bool = true, answersAtOnce: Bool = true
  ) -> Walker {
    Walker(
      .move(servers.moveContext(target: target, isTest: isTest), servers.moveQueries, archive: "/tmp/move.tar.gz"),
      size: size,
      glyphs: glyphs, answersAtOnce: answersAtOnce)
  }

  // MARK: Input

  func press(_ keys: Key...) { for key in keys { send(.key(key)) } }

  func type(_ text: String) { for character in text { send(.key(.character(character))) } }

  func pass(_ time: Duration) {
    now = now + time
    send(.tick)
  }

  func tell(_ event: ProgressEvent, after time: Duration = .zero) {
    now = now + time
    guard let ticket = model.session.run?.ticket else { return }
    send(.events(.progressed(ticket: ticket, event)))
  }

  func end(_ result: Result<Summary, Trouble>) {
    guard let ticket = model.session.run?.ticket else { return }
    send(.events(.ended(ticket: ticket, result)))
  }

  func send(_ input: WizardModel.Input) {
    model.handle(input, at: now)
    carryOut()
  }

  /// Does the waiting lookups, in the order of their requests.
  func answer() {
    let tasks = waiting
    waiting = []
    for task in tasks { perform(task) }
  }

  private func carryOut() {
    for effect in model.takeEffects() {
      switch effect {
      case .start(let task):
        if case .open = task.work, opensAtOnce { opens.append(task) } else { waiting.append(task) }
      case .redraw: redraws += 1
      case .suspend: break
      case .ring: bells += 1
      case .end: hasEnded = true
      }
    }
    while !opens.isEmpty { perform(opens.removeFirst()) }
    while answersAtOnce, !waiting.isEmpty { answer() }
  }

  private func perform(_ task: BackgroundTask) {
    switch task.work {
    case .save(let save):
      saves += 1
      if savesForReal { send(.events(.saved(save()))) }
    case .look, .list, .open:
      let heard = Heard()
      Worker.perform(task) { heard.add($0) }
      for item in heard.all { send(.events(item)) }
    case .run(let make):
      _ = try? make()
      send(.events(.planned(ticket: task.ticket, FakeMove.plan)))
    }
  }

  private final class Heard: Sendable {
    private let events = Mutex<[TaskEvent]>([])
    func add(_ item: TaskEvent) { events.withLock { $0.append(item) } }
    var all: [TaskEvent] { events.withLock { $0 } }
  }

  // MARK: Output

  var screen: String { model.picture.text }
  var step: String { model.session.step.id }
  var answers: Answers { model.session.answers }

  func sees(_ text: String) -> Bool { screen.contains(text) }

  /// The line with the focus.
  var focusedLine: String {
    let picture = model.picture
    guard let row = picture.cursor?.point.row else { return "" }
    return picture.line(row).trimmingPrefix { $0 == " " }.description
  }

  /// Presses Enter until the step is reached.
  func walk(to step: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for _ in 0..<40 where self.step != step { press(.enter) }
    #expect(self.step == step, sourceLocation: sourceLocation)
  }
}
