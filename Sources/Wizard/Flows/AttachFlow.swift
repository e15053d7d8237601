import Common
import Engine

extension Goal {
  /// Watches a running job of any operator.
  static let watch = Goal("watch", "A job is running", "Watch it, or stop it") { context in
    guard case .text(let folder)? = context.given["meet.job"] else { return .nothingToWatch(context) }
    return .attach(JobFolder(folder), context)
  }
}

extension Flow {
  fileprivate static func nothingToWatch(_ context: FlowContext) -> Flow {
    Flow(
      id: "watch", title: "Watch a job", badge: context.badge,
      keepsDrafts: false,
      steps: [
        Step(
          "meet", "Job", heading: { _ in "No job is running on this server" },
          kind: .branch { _ in .menu }, proceed: "back to the menu")
      ])
  }

  static func attach(_ job: JobFolder, _ context: FlowContext) -> Flow {
    let header = try? job.readHeader()
    let title = header?.plan?.title ?? header?.operation.title ?? "A job"
    let since = header.flatMap { Timestamp.microseconds(iso: $0.started) }.map { Age.words($0) }
    let place = header?.terminal.map { ", on \($0)" } ?? ""
    let isOver = ![JobFolder.State.waiting, .running].contains(job.state())
    let begun = "Begun \(since ?? "at an unknown time") by \(header?.operator_ ?? "somebody")\(place)"
    return Flow(
      id: "watch", title: "Watch a job", badge: context.badge,
      route: { _ in Route(from: context.label) }, commands: { _ in [context.command(["jobs", "attach", job.id])] },
      keepsDrafts: false,
      steps: [
        Step(
          "meet", "Job", heading: { _ in isOver ? "This job has ended" : "A job is running on this server" },
          explanation: { _ in
            [
              .paragraph("\(title)."), .paragraph("\(begun)."),
              .paragraph(
                isOver
                  ? "The result shows the next steps. What you mark as done is kept with the job."
                  : "Only one job runs on a server at a time. You can watch this one, and stop it if necessary. "
                    + "Leaving again does not affect it."),
            ]
          }, kind: .review, proceed: isOver ? "Show its result" : "Watch it"),
        Step(
          "run", "Watch", heading: { _ in title },
          kind: .run(
            Runner(
              operation: { _ in JobAttachment(job) }, noun: "The job", outlivesWizard: true, isWatched: true,
              watchCommand: { _ in context.command(["jobs", "attach", job.id]) }))),
        Step(
          "result", "Result", heading: { _ in "The job has finished" }, kind: .result, proceed: "Leave the wizard"),
      ])
  }
}
