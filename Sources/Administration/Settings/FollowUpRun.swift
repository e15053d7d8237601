import Common
import Operations
import Server

/// Runs the follow-ups of changed settings that scripts of the server can do; their output becomes notes.
struct FollowUpRun {
  let installation: Installation
  let followUps: [FollowUp]
  /// Whether to register with the push notification service; true means that the operator has accepted its terms.
  let registersForPush: Bool

  init(_ installation: Installation, _ followUps: [FollowUp], registersForPush: Bool = false) {
    self.installation = installation
    self.followUps = followUps
    self.registersForPush = registersForPush
  }

  /// The phases of the follow-ups with scripts.
  var phases: [Plan.Phase] { followUps.filter { script($0) != nil }.map { Plan.Phase($0) } }

  /// - Returns: the follow-ups that are left to the operator.
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
        // The settings are already written: a failure is a warning, and the other follow-ups run.
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

  /// Returns the instruction for a follow-up, with its command if there is one.
  static func instruction(_ step: FollowUp, _ installation: Installation) -> [Summary.Step] {
    guard let command = step.command(installation) else { return ["\(step.title). \(step.explanation)"] }
    return [Summary.Step("\(step.title):", command: command)]
  }
}
