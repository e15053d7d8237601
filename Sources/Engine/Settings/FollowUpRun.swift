import Common

/// Does what changed settings make necessary, as far as the server's scripts can do it; their output comes as notes.
struct FollowUpRun {
  let installation: Installation
  let followUps: [FollowUp]
  /// The operator agrees to the terms of the push notification service, and that it is contacted.
  let registersForPush: Bool

  init(_ installation: Installation, _ followUps: [FollowUp], registersForPush: Bool = false) {
    self.installation = installation
    self.followUps = followUps
    self.registersForPush = registersForPush
  }

  /// The phases of those that the server's scripts do.
  var phases: [Plan.Phase] { followUps.filter { script($0) != nil }.map { Plan.Phase($0) } }

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
        try progress.phase(step) { _ in
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
  static func instruction(_ step: FollowUp, _ installation: Installation) -> [Summary.Step] {
    guard let command = step.command(installation) else { return ["\(step.title). \(step.explanation)"] }
    return [Summary.Step("\(step.title):", command: command)]
  }
}
