import Common
import Engine
import Glibc
import ProbeOperations
import Synchronization

/// The process of a job for an operation that only the tests define: `job-probe run-job FOLDER`, as in the program
/// itself.

private let isStopped = Atomic(false)

signal(SIGTERM) { _ in isStopped.store(true, ordering: .relaxed) }

guard CommandLine.arguments.count == 3, CommandLine.arguments[1] == JobProcess.command else { exit(64) }

let cancellation = Cancellation()
let watch = try WorkerThread {
  while !isStopped.load(ordering: .relaxed) { usleep(10_000) }
  cancellation.cancel()
}
watch.detach()

do {
  let catalog = OperationCatalog.standard.adding([CountingOperation.self])
  try JobProcess.run(JobFolder(CommandLine.arguments[2], catalog: catalog), cancellation: cancellation)
} catch {
  exit(1)
}
