import Common
import Foundation
import Glibc
import Synchronization
import Testing

@Suite("File locks")
struct FileLockTests {
  @Test("A refused lock does not close a file of another thread")
  func closing() throws {
    let path = FileManager.default.temporaryDirectory.path + "/lock-\(RandomText.alphanumeric(8))"
    defer { unlink(path) }
    let held = try #require(try FileLock(path))
    let losses = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      for _ in 0..<20_000 {
        if worker.isMultiple(of: 2) {
          #expect((try? FileLock(path)) == nil)
        } else {
          let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
          sched_yield()
          var status = stat()
          if fstat(file, &status) != 0 { losses.add(1, ordering: .relaxed) }
          close(file)
        }
      }
    }
    #expect(losses.load(ordering: .relaxed) == 0)
    withExtendedLifetime(held) {}
  }
}
