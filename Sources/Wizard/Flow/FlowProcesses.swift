import Engine
import Operations

/// Where operations are checked and run: in this process, or as jobs in their own. What checks have read is kept for the
/// run while the operator stays with the same kind of operation.
struct FlowProcesses: Sendable {
  private let preparation = Preparation()
  private let checks: CheckProcess?
  /// The servers on other machines.
  let remotes = RemoteServers()

  /// - Parameter runsJobs: whether operations run in their own processes; only this program can be one.
  init(runsJobs: Bool) {
    checks = runsJobs ? CheckProcess() : nil
  }

  var runsJobs: Bool { checks != nil }

  func check(_ operation: any Operation, _ observer: CheckObserver) throws -> [Finding] {
    guard let prepared = operation as? any PreparedOperation else {
      clear()
      return try (operation as? any ObservedCheck)?.check(observer) ?? operation.check()
    }
    if let checks { return try checks.check(prepared, observer) ?? prepared.check(observer) }
    return try prepared.check(keeping: preparation, observer)
  }

  func work(_ operation: any Operation) -> any Runnable {
    guard operation is any PreparedOperation else {
      clear()
      return runsJobs ? JobLaunch(operation) : operation
    }
    return runsJobs ? JobLaunch(operation, checks: checks) : PreparedRun(operation, preparation)
  }

  /// Releases what checks have left.
  private func clear() {
    preparation.clear()
    checks?.clear()
  }

  /// Must be called before this process exits, which would leave temporary files.
  func end() {
    preparation.clear()
    checks?.end()
    remotes.close()
  }
}
