import Common
import Engine

extension Goal {
  static let leftovers = Goal(
    "leftovers", "Remove leftovers", "of interrupted commands",
    aliases: ["disk space", "temporary files", "clean up", "delete", "orphaned", "interrupted", "disk full"]
  ) { .leftovers($0) }
}

extension Flow {
  /// Deletes the leftovers of interrupted commands, and lists those that need a decision.
  static func leftovers(_ context: FlowContext) -> Flow {
    let work = WorkSteps("The removal", context) { _ in RemoveLeftoversOperation(context.server) }
    return Flow(
      id: "leftovers", title: "Remove leftovers", badge: context.badge, route: { _ in Route(from: context.label) },
      commands: work.commands,
      continuations: { _ in [Continuation("See the jobs of this server", context.destination("jobs"), proposed: false)]
      },
      keepsDrafts: false,
      steps: [
        work.checks(
          heading: "Leftovers of interrupted commands",
          help: [
            .paragraph(
              "A command that was killed, or whose machine failed, can leave an unpacked archive, a work folder or "
                + "an unfinished file. They may contain private messages, and use disk space. Files of running "
                + "commands are neither listed nor touched."),
            .paragraph(
              "Every command that changes something deletes them first. An interrupted restore is resumed or rolled "
                + "back in “Restore”."),
          ]),
        work.review(heading: "Remove them now?", proceed: "Remove the leftovers"),
        work.run("Removal", heading: { _ in "Removing leftovers" }), work.result { _ in "Leftovers are removed" },
      ])
  }
}
