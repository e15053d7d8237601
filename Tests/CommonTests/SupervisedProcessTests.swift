import Common
import Glibc
import Testing

@Suite("A supervised process")
struct SupervisedProcessTests {
  private static let waiting = "trap '' TERM; echo ready; exec >/dev/null 2>&1; while read -r _; do :; done"

  private func supervised(_ script: String) throws -> SupervisedProcess {
    try SupervisedProcess(Subprocess("/bin/sh", ["-c", script], directory: "/"), subject: "test")
  }

  @Test("A process that reports that it is ready is running until its owner ends it")
  func ends() throws {
    let process = try supervised(Self.waiting)
    #expect(process.waitUntilReady())
    #expect(kill(process.id, 0) == 0)
    process.end()
    #expect(kill(process.id, 0) != 0 && errno == ESRCH)
    process.end()
  }

  @Test("A process that gives up before it is ready is told from one that works")
  func givesUp() throws {
    let process = try supervised("exit 3")
    #expect(!process.waitUntilReady())
    process.end()
  }

  @Test("A process ends with the object that owns it")
  func released() throws {
    var process: SupervisedProcess? = try supervised(Self.waiting)
    let id = try #require(process?.id)
    #expect(process?.waitUntilReady() == true)
    process = nil
    #expect(kill(id, 0) != 0 && errno == ESRCH)
  }
}

@Suite("Parts of a path")
struct PathPartTests {
  @Test(
    "The name is the last part, the folder is the rest",
    arguments: [
      ("/var/backups/a.tar.gz", "a.tar.gz", "/var/backups"), ("/a", "a", "/"), ("a", "a", "."), ("b/a/", "a", "b/a"),
      ("/", "", "/"),
    ])
  func parts(path: String, name: String, folder: String) {
    #expect(FileSystem.name(of: path) == name)
    #expect(FileSystem.folder(of: path) == folder)
  }
}
