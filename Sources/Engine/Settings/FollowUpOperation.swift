import Common

/// Does what changed settings make necessary, as far as the server's scripts can do it; their output comes as notes.
public struct FollowUpOperation: Operation {
  public let installation: Installation
  public let followUps: [FollowUp]
  /// The operator agrees to the terms of the push notification service, and that it is contacted.
  public let registersForPush: Bool

  public init(_ installation: Installation, _ followUps: [FollowUp], registersForPush: Bool = false) {
    self.installation = installation
    self.followUps = followUps
    self.registersForPush = registersForPush
  }

  public var name: String { "follow-up" }

  public func check() throws -> [Finding] {
    let scripts = ServerScripts(installation)
    return followUps.map { step in
      guard let script = script(step) else {
        return Finding(.ok, step.title, "is for you to do: \(step.explanation)", remedy: step.command(installation))
      }
      return scripts.isHere(script)
        ? Finding(.ok, step.title, step.explanation)
        : Finding(
          .warning, step.title, "the server's script is not here",
          remedy: "run it where the server is: \(scripts.commandLine(script))")
    }
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Follow up on the new settings of \(installation.label)",
      phases: followUps.filter { script($0) != nil }.map { Plan.Phase($0.rawValue, $0.title) },
      leavesAlone: ["All data"])
  }

  public func run(progress: Progress) throws -> Summary {
    let open = try runAll(progress)
    let done = followUps.filter { !open.contains($0) }.map(\.title)
    let summary = Summary(
      title: done.isEmpty ? "Nothing was run" : "The new settings are in use",
      facts: [Summary.Fact("Done", done.isEmpty ? "nothing" : done.joined(separator: ", "))],
      warnings: progress.warnings, nextSteps: open.flatMap { Self.instruction($0, installation) })
    progress.finished(summary)
    return summary
  }

  /// - Returns: what is left for somebody to do.
  func runAll(_ progress: Progress) throws -> [FollowUp] {
    let scripts = ServerScripts(installation)
    var open: [FollowUp] = []
    for step in followUps {
      guard let script = script(step), scripts.isHere(script) else {
        open.append(step)
        continue
      }
      do {
        try progress.phase(step.rawValue, step.title) { _ in
          if step == .flushCache {
            _ = try ServerCache.flush(installation, progress: progress)
          } else {
            try scripts.run(script, progress: progress)
          }
        }
      } catch let failure as PlainFailure where failure.family == .command {
        // The settings are written; what failed is told, and the rest goes on.
        progress.warn("\(step.title): \(failure.reason)")
        open.append(step)
      }
    }
    return open
  }

  private func script(_ step: FollowUp) -> ServerScripts.Script? {
    if step.isDoneByContainer(installation) { return nil }
    return step == .reregister && registersForPush ? .registerForPush : step.script
  }

  /// What to do, and the exact command where there is one, as steps of a summary.
  static func instruction(_ step: FollowUp, _ installation: Installation) -> [String] {
    guard let command = step.command(installation) else { return ["\(step.title). \(step.explanation)"] }
    return ["\(step.title):", "$ \(command)"]
  }
}
