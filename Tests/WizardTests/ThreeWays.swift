import Operations
import Synchronization
import Terminal
import Testing

@testable import Wizard

/// The same decisions made on the screen, in linear mode, and with the answers file of the screen: all three must start
/// the same work.
struct FlowWay: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Keys up to the review.
  let keys: @Sendable (Walker) -> Void
  /// Lines up to the end of the work.
  let lines: [String]
  /// The name that the command line confirms when no operator can type it.
  var confirmedName: String?

  init(_ description: String, confirmedName: String? = nil, lines: [String], keys: @escaping @Sendable (Walker) -> Void)
  {
    testDescription = description
    self.confirmedName = confirmedName
    self.lines = lines
    self.keys = keys
  }

  /// - Parameter flow: returns a new flow with the given engine; called for each of the three ways.
  /// - Returns: the started operation.
  @discardableResult
  func check(_ flow: (FakeEngine) -> Flow) throws -> any Operation {
    let onScreen = FakeEngine()
    let walker = Walker(flow(onScreen))
    keys(walker)
    walker.walk(to: "review")
    let file = try AnswersFile.parse(walker.model.session.answersText, path: "a.toml")
    walker.begin()
    let wanted = try #require(onScreen.begun)

    let byLines = FakeEngine()
    var walk = LinearWalk(flow(byLines), lines)
    _ = try walk.runner.run()
    #expect(walk.script.leftOver == 0, "\(walk.script.transcript)")
    #expect(byLines.begun == wanted, "\(walk.script.transcript)")

    let byFile = FakeEngine()
    #expect(file.faults(for: flow(byFile)).isEmpty, "\(file.faults(for: flow(byFile)))")
    var runner = AnswersRunner(
      flow(byFile), given: GivenAnswers(values: file.values, confirmedName: confirmedName),
      options: .init(path: "a.toml", destroys: true), voice: LinearVoice(conversation: Script([]), width: nil),
      executor: PromptExecutor())
    guard case .done = try runner.run() else {
      Issue.record("something is missing")
      return wanted
    }
    #expect(byFile.begun == wanted)
    return wanted
  }
}

extension Walker {
  /// Starts the work from the review, wherever the focus is.
  func begin(sourceLocation: SourceLocation = #_sourceLocation) {
    for _ in 0..<40 where model.focus != .button(.start) { press(.down) }
    press(.enter)
    #expect(step == "run", sourceLocation: sourceLocation)
  }
}

extension GoldenTests {
  /// Compares some steps with their goldens, in the size of `look`.
  ///
  /// - Parameters:
  ///   - answering: presses keys at a step before it is compared.
  ///   - arriving: presses keys at the preceding step, to reach the step.
  static func expect(
    _ flow: Flow, _ look: Look, steps: [String], answering: (Walker, String) -> Void = { _, _ in },
    arriving: (Walker, String) -> Void = { _, _ in }
  ) throws {
    let walker = Walker(flow, size: look.size, glyphs: look.glyphs)
    for step in steps {
      arriving(walker, step)
      walker.walk(to: step)
      answering(walker, step)
      try Golden.expect(walker.model.picture, "\(flow.id)-\(step)-\(look.name)")
    }
  }
}
