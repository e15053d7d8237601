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
      for _ in 0..<(worker.isMultiple(of: 2) ? 40 : 20_000) {
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

  @Test("A released lock is free although a copy of its descriptor is still open")
  func copies() throws {
    let path = FileManager.default.temporaryDirectory.path + "/lock-\(RandomText.alphanumeric(8))"
    defer { unlink(path) }
    var held = try FileLock(path)
    // A child process has such a copy between fork and exec.
    let descriptor = try #require(
      try FileSystem.names(in: "/proc/self/fd").compactMap { Int32($0) }.first {
        FileSystem.linkTarget("/proc/self/fd/\($0)") == path
      })
    let copy = dup(descriptor)
    defer { close(copy) }
    #expect(held != nil)
    #expect(try FileLock(path) == nil)
    held = nil
    #expect(try FileLock(path) != nil)
  }

  @Test("Looking whether a lock is free does not make another process fail to take it")
  func looking() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/locks-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    let open = try OpenFolder(folder)
    _ = try FileLock("lock", in: open)
    let failures = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 2) { worker in
      for _ in 0..<2000 {
        if worker == 0 {
          _ = FileLock.isFree("lock", in: open)
        } else if (try? FileLock("lock", in: open)) == nil {
          failures.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
  }
}
