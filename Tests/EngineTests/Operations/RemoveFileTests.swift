import Common
import Glibc
import Testing

@testable import Operations

@Suite("Files that an undo deletes")
struct RemoveFileTests {
  /// A folder with the archive of a job, and the folder of the job.
  private struct Place {
    let folder = "/tmp/aloha-made-\(RandomText.alphanumeric(10))"
    var job: String { "\(folder)/job" }
    var archive: String { "\(folder)/a.tar.gz" }
    var context: UndoContext { UndoContext(recordFolder: job) }

    /// Makes the archive and records it for `path`.
    func make(as path: String? = nil) throws {
      try FileSystem.makeFolder(job)
      try FileSystem.replace(archive, with: "the archive".utf8)
      Progress(recordFolder: job) { _ in }.made(path ?? archive)
    }
  }

  private func with(_ body: (Place) throws -> Void) throws {
    let place = Place()
    try FileSystem.makeFolder(place.folder)
    defer { try? FileSystem.removeTree(place.folder) }
    try body(place)
  }

  private func expectLeftAlone(_ place: Place, _ path: String) throws {
    let step = RemoveFile(path, place.context)
    #expect(try step.check().map(\.severity) == [.warning])
    #expect(try step.plan().destroys == [])
    #expect(step.nothingLeft?.contains("is left alone") == true)
    let warnings = Monitor<[String]>([])
    let summary = try step.run(
      progress: Progress { event in
        if case .warning(let text) = event { warnings.now { $0.append(text) } }
      })
    #expect(summary.title == "\(path) is left alone" && warnings.now { $0.count } == 1)
    #expect(FileSystem.lexists(path))
  }

  @Test("The file that the job has made is deleted, also after a change of its mode")
  func ours() throws {
    try with { place in
      try place.make()
      try #require(chmod(place.archive, 0o640) == 0)
      let step = RemoveFile(place.archive, place.context)
      #expect(step.nothingLeft == nil)
      #expect(try step.plan().destroys == [place.archive])
      #expect(try step.run(progress: .silent).title == "\(place.archive) is deleted")
      #expect(!FileSystem.lexists(place.archive))
      #expect(step.nothingLeft == "\(place.archive) does not exist any more")
    }
  }

  @Test("Another file in its place is left alone, written over it or moved there")
  func replaced() throws {
    try with { place in
      try place.make()
      let descriptor = open(place.archive, O_WRONLY | O_TRUNC)
      try #require(write(descriptor, "another one", 11) == 11)
      close(descriptor)
      try expectLeftAlone(place, place.archive)
    }
    try with { place in
      try place.make()
      try FileSystem.replace("\(place.folder)/other", with: "the archive".utf8)
      try #require(rename("\(place.folder)/other", place.archive) == 0)
      try expectLeftAlone(place, place.archive)
    }
  }

  @Test("A link that leads elsewhere since does not change which file is deleted")
  func link() throws {
    try with { place in
      for name in ["one", "two"] { try FileSystem.makeFolder("\(place.folder)/\(name)") }
      let link = "\(place.folder)/link"
      try #require(symlink("one", link) == 0)
      try FileSystem.makeFolder(place.job)
      try FileSystem.replace("\(link)/a", with: "ours".utf8)
      Progress(recordFolder: place.job) { _ in }.made("\(link)/a")
      try #require(unlink(link) == 0 && symlink("two", link) == 0)
      try FileSystem.replace("\(link)/a", with: "another".utf8)
      let step = RemoveFile("\(link)/a", place.context)
      #expect(try step.plan().destroys == ["\(place.folder)/one/a"])
      _ = try step.run(progress: .silent)
      #expect(!FileSystem.lexists("\(place.folder)/one/a") && FileSystem.lexists("\(place.folder)/two/a"))
    }
  }

  @Test("Without a record, as of jobs of earlier versions, a file is left alone")
  func unknown() throws {
    try with { place in
      try FileSystem.replace(place.archive, with: "an archive".utf8)
      try expectLeftAlone(place, place.archive)
    }
  }
}
