import Glibc
import Testing

@testable import Common

@Suite("Resolved paths")
struct ResolvedPathTests {
  /// Runs `body` with a new folder, whose own path has no links.
  private func inFolder(_ body: (String) throws -> Void) throws {
    let path = "\(FileSystem.resolved("/tmp"))/resolved-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(path, mode: 0o755)
    defer { try? FileSystem.removeTree(path) }
    try body(path)
  }

  @Test("Every notation of a folder, and every link to it, has one path")
  func notations() throws {
    try inFolder { top in
      let real = "\(top)/real/server"
      try FileSystem.makeFolder("\(real)/etc")
      #expect(symlink(real, "\(top)/absolute") == 0)
      #expect(symlink("real/server", "\(top)/relative") == 0)
      #expect(symlink("real", "\(top)/parent") == 0)
      #expect(symlink("\(top)/relative/", "\(top)/twice") == 0)
      for notation in [
        real, "\(real)/", "\(real)//", "\(top)//real/./server/.", "\(real)/etc/..", "\(top)/real/../real/server",
        "\(top)/absolute", "\(top)/relative/", "\(top)/parent/server", "\(top)/twice",
        "\(top)/parent/../real/server", "/../\(real)",
      ] {
        #expect(FileSystem.resolved(notation) == real, "\(notation)")
        #expect(RootFolder(notation) == RootFolder(real), "\(notation)")
      }
      #expect(FileSystem.resolved("\(top)/absolute/../other") == "\(top)/real/other", "as the kernel: behind the link")
    }
  }

  @Test("A name that does not exist is kept, and a circle of links ends")
  func missing() throws {
    try inFolder { top in
      #expect(FileSystem.resolved("\(top)/none/./more/") == "\(top)/none/more")
      #expect(FileSystem.resolved("\(top)/none/../more") == "\(top)/more")
      #expect(symlink("two", "\(top)/one") == 0)
      #expect(symlink("one", "\(top)/two") == 0)
      #expect(FileSystem.resolved("\(top)/one//x/") == "\(top)/one/x")
      #expect(FileSystem.resolved("/") == "/")
      #expect(RootFolder("").path == "/")
      #expect(RootFolder("/").prefix.isEmpty)
    }
  }

  @Test("A relative path is relative to the working directory")
  func relative() throws {
    let here = FileSystem.resolved(".")
    #expect(here.hasPrefix("/"))
    #expect(FileSystem.resolved("none-such") == "\(here == "/" ? "" : here)/none-such")
    #expect(FileSystem.resolved("/proc/self/cwd") == here, "its target is the folder itself")
  }

  @Test("Below a root, a link with an absolute target stays below it if the target exists there")
  func belowRoot() throws {
    try inFolder { top in
      let root = "\(top)/root"
      try FileSystem.makeFolder("\(root)/srv/data/uploads")
      try FileSystem.makeFolder("\(root)/home")
      try FileSystem.makeFolder("\(top)/disk")
      #expect(symlink("/srv/data", "\(root)/home/server") == 0)
      #expect(symlink("\(top)/disk", "\(root)/home/disk") == 0)
      #expect(symlink("../../../../srv/data", "\(root)/home/up") == 0)
      func resolved(_ path: String) -> String { FileSystem.resolved(root + path, root: root) }
      #expect(resolved("/home/server/uploads") == "\(root)/srv/data/uploads", "a link among the parents")
      #expect(resolved("/home/disk") == "\(top)/disk", "nothing is there below the root")
      #expect(resolved("/home/up/uploads") == "\(root)/srv/data/uploads", "a server's root has no parent")
      #expect(resolved("/../srv") == "\(root)/srv")
    }
  }

  @Test("A path of the machine is recognized as one below the root, in any notation")
  func part() throws {
    try inFolder { top in
      let root = "\(top)/root"
      try FileSystem.makeFolder("\(root)/home")
      #expect(symlink("root", "\(top)/link") == 0)
      #expect(symlink("home", "\(root)/house") == 0)
      let folder = RootFolder("\(top)/link/")
      for notation in ["\(root)/home", "\(top)/link//home/", "\(top)/root/../link/./home", "\(root)/home/../home"] {
        #expect(folder.part(below: notation).map { FileSystem.resolved(root + $0) } == "\(root)/home", "\(notation)")
      }
      #expect(folder.part(below: "\(root)/house") == "/house", "links below the root are the server's")
      #expect(folder.part(below: root)?.isEmpty == true)
      #expect(folder.part(below: "\(top)/root-of-another") == nil)
      #expect(folder.part(below: "\(root)/../other") == nil)
      #expect(folder.part(below: "/home") == nil)
    }
  }

  @Test("As root, a link of another user to a folder of a third one is not followed", .enabled(if: geteuid() == 0))
  func strangers() throws {
    try inFolder { top in
      try FileSystem.makeFolder("\(top)/mine")
      try FileSystem.makeFolder("\(top)/theirs")
      #expect(chown("\(top)/theirs", 4711, 4711) == 0)
      for (name, target) in [("redirect", "mine"), ("own", "theirs")] {
        #expect(symlink(target, "\(top)/\(name)") == 0)
        #expect(lchown("\(top)/\(name)", 4711, 4711) == 0)
      }
      #expect(FileSystem.resolvedForOpening("\(top)/redirect/") == "\(top)/redirect")
      #expect(FileSystem.resolvedForOpening("\(top)/own") == "\(top)/theirs")
      #expect(throws: PlainFailure.self) { try OpenFolder("\(top)/redirect") }
    }
  }
}
