import Common

/// A temporary element over the step.
enum Overlay: Sendable, Equatable {
  case help(first: Int)
  /// Nil: at the end, following new lines.
  case log(first: Int?)
  case question(Question)

  /// A question about the wizard. The focus starts on the choice without a change.
  struct Question: Sendable, Equatable {
    enum Outcome: Sendable, Equatable { case stay, leave, stop, stopAndLeave }

    struct Choice: Sendable, Equatable {
      let title: String
      let outcome: Outcome
    }

    let title: String
    let text: [String]
    /// The first choice changes nothing.
    let choices: [Choice]
    var focused = 0

    /// The outcome that leaves the wizard; nil if it is another question.
    var leaving: Outcome? { choices.map(\.outcome).first { $0 == .leave || $0 == .stopAndLeave } }
  }
}

extension WizardModel {
  var leaveQuestion: Overlay.Question {
    guard isRunning else {
      return Overlay.Question(
        title: "Leave the wizard?",
        text: wizardSession.leavingText + [Self.leavingKey],
        choices: [.init(title: "No, go on", outcome: .stay), .init(title: "Yes, leave", outcome: .leave)])
    }
    if let runner = session.runner, runner.outlivesWizard {
      return Overlay.Question(
        title: "Leave the wizard?",
        text: [
          "\(runner.noun) continues without it. To watch it, start the wizard again, or:",
          runner.watchCommand(session.answers),
          "To stop it, stay and press Esc.", Self.leavingKey,
        ],
        choices: [
          .init(title: "No, stay here", outcome: .stay), .init(title: "Yes, leave; it continues", outcome: .leave),
        ])
    }
    return Overlay.Question(
      title: "Stop and leave?", text: stopText + [Self.leavingKey],
      choices: [
        .init(title: "No, let it go on", outcome: .stay),
        .init(title: "Yes, stop it and leave", outcome: .stopAndLeave),
      ])
  }

  private static let leavingKey = "Ctrl-C again leaves."

  /// Replaces a question about an operation that has ended before the answer. It has no choice, so that keys for the
  /// earlier question have no effect.
  var endedQuestion: Overlay.Question {
    let noun = session.lastRunner?.noun ?? "The work"
    let isDone = session.run?.outcome?.isSuccess == true
    return Overlay.Question(
      title: "It has ended",
      text: ["\(noun) \(isDone ? "was finished" : "ended") before you answered: the question no longer applies."],
      choices: [.init(title: "See the result", outcome: .stay)])
  }

  var stopQuestion: Overlay.Question {
    Overlay.Question(
      title: "Stop it?", text: stopText,
      choices: [.init(title: "No, let it go on", outcome: .stay), .init(title: "Yes, stop it", outcome: .stop)])
  }

  private var stopText: [String] {
    var text = ["Changes so far are rolled back."]
    if let point = session.run?.plan?.pointOfNoReturn {
      text.append("\(point.prefix(1).uppercased())\(point.dropFirst()).")
    }
    return text
  }
}
