import Common
import Engine
import Synchronization
import Terminal
import Testing

@testable import Wizard

/// Walks through a wizard without a terminal: presses keys, looks at the screen, lets errands be done when told to.
final class Walker {
  private(set) var model: WizardModel
  private(set) var now = ContinuousClock.Instant.now
  private(set) var waiting: [Errand] = []
  private(set) var hasEnded = false
  private(set) var redraws = 0
  private(set) var saves = 0
  private(set) var bells = 0
  /// Looks are done at once unless this is off.
  var answersAtOnce = true

  init(
    _ flow: Flow, given: GivenAnswers = GivenAnswers(), size: Size = Size(columns: 80, rows: 24),
    glyphs: Glyphs = .unicode, answersAtOnce: Bool = true
  ) {
    self.answersAtOnce = answersAtOnce
    model = WizardModel(flow, given: given, size: size, glyphs: glyphs, now: now)
    carryOut()
  }

  init(
    _ itinerary: Itinerary, size: Size = Size(columns: 80, rows: 24), glyphs: Glyphs = .unicode,
    answersAtOnce: Bool = true
  ) {
    self.answersAtOnce = answersAtOnce
    model = WizardModel(itinerary, size: size, glyphs: glyphs, now: now)
    carryOut()
  }

  /// The flow of a move between fake servers, everything known beforehand.
  static func move(
    _ servers: FakeServers, target: String? = "/target", size: Size = Size(columns: 80, rows: 24),
    glyphs: Glyphs = .unicode, isTest: Bool = true, answersAtOnce: Bool = true
  ) -> Walker {
    Walker(
      .move(servers.context(target: target, isTest: isTest), servers.looks, archive: "/tmp/move.tar.gz"), size: size,
      glyphs: glyphs, answersAtOnce: answersAtOnce)
  }

  // MARK: Doing

  func press(_ keys: Key...) { for key in keys { send(.key(key)) } }

  func type(_ text: String) { for character in text { send(.key(.character(character))) } }

  func pass(_ time: Duration) {
    now = now + time
    send(.tick)
  }

  func tell(_ event: ProgressEvent, after time: Duration = .zero) {
    now = now + time
    guard let ticket = model.journey.run?.ticket else { return }
    send(.news(.progressed(ticket: ticket, event)))
  }

  func end(_ result: Result<Summary, Trouble>) {
    guard let ticket = model.journey.run?.ticket else { return }
    send(.news(.ended(ticket: ticket, result)))
  }

  func send(_ input: WizardModel.Input) {
    model.handle(input, at: now)
    carryOut()
  }

  /// Does the looks that wait, in the order in which they were asked for.
  func answer() {
    let errands = waiting
    waiting = []
    for errand in errands { perform(errand) }
  }

  private func carryOut() {
    for effect in model.takeEffects() {
      switch effect {
      case .start(let errand): waiting.append(errand)
      case .redraw: redraws += 1
      case .saveAnswers: saves += 1
      case .suspend: break
      case .ring: bells += 1
      case .end: hasEnded = true
      }
    }
    while answersAtOnce, !waiting.isEmpty { answer() }
  }

  private func perform(_ errand: Errand) {
    switch errand.work {
    case .look, .list:
      let heard = Heard()
      Worker.perform(errand) { heard.add($0) }
      for item in heard.all { send(.news(item)) }
    case .run(let make):
      _ = try? make()
      send(.news(.planned(ticket: errand.ticket, FakeMove.plan)))
    }
  }

  private final class Heard: Sendable {
    private let news = Mutex<[News]>([])
    func add(_ item: News) { news.withLock { $0.append(item) } }
    var all: [News] { news.withLock { $0 } }
  }

  // MARK: Seeing

  var screen: String { model.picture.text }
  var step: String { model.journey.step.id }
  var answers: Answers { model.journey.answers }

  func sees(_ text: String) -> Bool { screen.contains(text) }

  /// The line that has the keyboard.
  var focusedLine: String {
    let picture = model.picture
    guard let row = picture.cursor?.point.row else { return "" }
    return picture.line(row).trimmingPrefix { $0 == " " }.description
  }

  /// Presses Enter until a step is there.
  func walk(to step: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for _ in 0..<40 where self.step != step { press(.enter) }
    #expect(self.step == step, sourceLocation: sourceLocation)
  }
}
