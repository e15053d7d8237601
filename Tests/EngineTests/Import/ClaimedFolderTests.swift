import Common
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Server

@Suite("Work folders of operations that run at the same time")
struct ClaimedFolderTests {
  private static let mark = "lock"
  private let place: String

  init() throws {
    place = try Servers.folder() + "/claims-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(place)
  }

  @Test("A work folder is never deleted while in use, and its deletion makes no other operation fail")
  func contention() throws {
    defer { try? FileSystem.removeTree(place) }
    let parent = try OpenFolder(place)
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      for round in 0..<1_500 {
        do {
          if worker.isMultiple(of: 2) {
            guard let own = try ClaimedFolder.make("\(worker)-\(round)", in: parent, mark: Self.mark) else { continue }
            try own.folder.replace("rows", with: Array("rows".utf8))
            let kept = try own.folder.read("rows")
            #expect(kept == Array("rows".utf8))
            try own.remove()
          } else {
            for name in try parent.names() {
              try ClaimedFolder.abandoned(name, in: parent, mark: Self.mark)?.remove()
            }
          }
        } catch {
          failures.withLock { $0.append("\(worker): \(error)") }
        }
      }
    }
    let said = failures.withLock { Array(Set($0.map { $0.replacing(place, with: "") })).prefix(5) }
    #expect(failures.withLock { $0.count } == 0, "\(said)")
    #expect(try parent.names().isEmpty)
  }
}
