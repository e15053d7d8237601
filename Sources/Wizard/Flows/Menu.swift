import Common
import Terminal

/// The chosen line of the menu.
private let goalKey: AnswerKey<String> = "goal.which"

extension Flow {
  /// The first screen.
  ///
  /// - Parameters:
  ///   - further: goals that only a search shows.
  ///   - waiting: pending work of this server; it comes first.
  ///   - obstacle: why there is no server here; nil if there is one.
  static func menu(
    _ context: FlowContext, goals: [Goal], further: [Goal] = [], waiting: [PendingWork], obstacle: String?
  ) -> Flow {
    let rows =
      waiting.enumerated().map { index, item in
        Field.Row(
          id: "waiting-\(index)", cells: [item.title, item.summary], label: item.title,
          search: WordSearch(title: item.title, aliases: [], summary: item.summary))
      }
      + (goals + further).map { goal in
        Field.Row(
          id: goal.id, cells: [goal.title, goal.summary], label: goal.title,
          disabled: goal.needsServer ? obstacle : nil, search: goal.search,
          isFurther: further.contains { $0.id == goal.id })
      }
    return Flow(
      id: menuID, title: Program.name, badge: context.badge, route: { _ in Route(from: context.label) },
      steps: [
        Step(
          "goal", "Menu", heading: { _ in "What do you want to do?" },
          explanation: { _ in
            guard let obstacle else {
              guard !waiting.isEmpty else { return [] }
              return [
                .paragraph(
                  waiting.allSatisfy(\.isDraft)
                    ? "What you have left is listed first."
                    : "There is unfinished work on this server: it is listed first.")
              ]
            }
            return [
              .paragraph("\(obstacle.prefix(1).uppercased())\(obstacle.dropFirst()). What needs no server can be done.")
            ]
          },
          help: [
            .paragraph(
              "Nothing is changed before you confirm it: each choice begins with explanations and questions."),
            .paragraph(
              "To find a goal by a word, like undo, nightly or secrets: type / and the word, in the linear mode only the "
                + "word. Some goals are only shown then."),
            .paragraph(
              "A flow that you leave before its work starts is offered for \(DraftStore.lifetimeWords), without secrets; "
                + "beginning the same goal again replaces it."),
            .paragraph("For another server than this machine's: \(Program.invocation) --root FOLDER."),
          ],
          kind: .branch { answers in
            let id = answers[goalKey]
            return waiting.enumerated().first { "waiting-\($0.offset)" == id }?.element.destination ?? .flow(id)
          },
          fields: { _ in
            [
              Field(
                "which", "Goals",
                .table(columns: [.init("Goal", least: 24), .init("", least: 20, grows: true)], rows: rows))
            ]
          }, proceed: "begin")
      ])
  }

  /// Pending work of a server.
  struct PendingWork: Sendable {
    let title: String
    let summary: String
    let destination: Destination

    /// Whether it is only a flow that the operator has left.
    var isDraft: Bool {
      if case .draft = destination { true } else { false }
    }
  }
}
