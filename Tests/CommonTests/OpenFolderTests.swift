import Glibc
import Synchronization
import Testing

@testable import Common

/// Another user replaces folders by links while root works in them.
@Suite("Open folders")
struct OpenFolderTests {
  private let top: String

  init() throws {
    top = "/tmp/open-folder-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(top, mode: 0o755)
  }

  private func finish() { try? FileSystem.removeTree(top) }

  private func write(_ path: String) throws {
    if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolder(String(path[..<slash]), mode: 0o755) }
    try FileSystem.replace(path, with: "precious".utf8)
  }

  @Test("Removing a tree removes links, and never what they lead to")
  func links() throws {
    defer { finish() }
    try write("\(top)/outside/kept")
    try write("\(top)/tree/a/b/file")
    for name in ["tree/link", "tree/a/link", "tree/a/b/link"] {
      #expect(symlink("\(top)/outside", "\(top)/\(name)") == 0)
    }
    try FileSystem.removeTree("\(top)/tree")
    #expect(!FileSystem.lexists("\(top)/tree"))
    #expect(FileSystem.exists("\(top)/outside/kept"))
    // The tree itself is a link.
    #expect(symlink("\(top)/outside", "\(top)/tree") == 0)
    try FileSystem.removeTree("\(top)/tree")
    #expect(!FileSystem.lexists("\(top)/tree"))
    #expect(FileSystem.exists("\(top)/outside/kept"))
  }

  @Test("A tree is removed whatever its names are, and however deep it is")
  func oddNamesAndDepth() throws {
    defer { finish() }
    try FileSystem.makeFolder("\(top)/tree")
    let folder = try #require(try OpenFolder(top).folder("tree"))
    let odd: [CChar] = [-1, 10, 27, 0]
    let file = openat(folder.descriptor, odd, O_WRONLY | O_CREAT, 0o600)
    #expect(file >= 0)
    close(file)
    // The tree is deeper than the limit of open files.
    var limit = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    var deepest = try folder.madeFolder("d")
    for _ in 0..<3000 { deepest = try deepest.madeFolder("d") }
    try FileSystem.removeTree("\(top)/tree")
    #expect(!FileSystem.lexists("\(top)/tree"))
  }

  @Test("Exchanging a folder for a link repeatedly affects nothing outside")
  func swapping() throws {
    defer { finish() }
    for number in 0..<20 { try write("\(top)/outside/\(number)") }
    let ends = Atomic(false)
    let swapper = try WorkerThread { [top] in
      while !ends.load(ordering: .relaxed) {
        rename("\(top)/tree/swapped", "\(top)/tree/aside")
        symlink("\(top)/outside", "\(top)/tree/swapped")
        unlink("\(top)/tree/swapped")
        rename("\(top)/tree/aside", "\(top)/tree/swapped")
      }
    }
    for _ in 0..<150 {
      for number in 0..<5 { try? write("\(top)/tree/swapped/\(number)/file") }
      // The deletion may fail because the folder changes; it must not follow the link.
      try? FileSystem.removeTree("\(top)/tree")
    }
    ends.store(true, ordering: .relaxed)
    swapper.join()
    // The writes above may follow the link and add files; the existing files must still be there.
    for number in 0..<20 {
      var status = stat()
      #expect(lstat("\(top)/outside/\(number)", &status) == 0, "\(number)")
    }
  }

  @Test("A new file is created without following links, and replaces nothing")
  func create() throws {
    defer { finish() }
    try write("\(top)/outside/kept")
    try FileSystem.makeFolder("\(top)/inside/real", mode: 0o755)
    #expect(symlink("\(top)/outside", "\(top)/inside/folder") == 0)
    #expect(symlink("\(top)/outside/new", "\(top)/inside/file") == 0)
    let inside = try #require(try OpenFolder(top).folder("inside"))
    for path in ["folder/new", "folder/deep/new", "file", "../outside/new", "real/../../outside/new"] {
      #expect(throws: PlainFailure.self, "\(path)") {
        close(try inside.create(path, mode: 0o644, folderMode: 0o755))
      }
    }
    close(try inside.create("real/a/b/c", mode: 0o640, folderMode: 0o750))
    #expect(throws: PlainFailure.self) { close(try inside.create("real/a/b/c", mode: 0o644, folderMode: 0o755)) }
    #expect(try FileSystem.names(in: "\(top)/outside") == ["kept"])
    var status = stat()
    #expect(stat("\(top)/inside/real/a/b/c", &status) == 0 && status.st_mode & 0o777 == 0o640)
    #expect(stat("\(top)/inside/real/a", &status) == 0 && status.st_mode & 0o777 == 0o750)
  }

  @Test("An open folder stays the same when its path changes")
  func moved() throws {
    defer { finish() }
    try write("\(top)/outside/kept")
    try write("\(top)/inside/file")
    let inside = try #require(try OpenFolder(top).folder("inside"))
    #expect(rename("\(top)/inside", "\(top)/aside") == 0)
    #expect(symlink("\(top)/outside", "\(top)/inside") == 0)
    try inside.replace("note", with: "x".utf8)
    try inside.removeContents(sparing: "note")
    #expect(try FileSystem.names(in: "\(top)/aside") == ["note"])
    #expect(try FileSystem.names(in: "\(top)/outside") == ["kept"])
    #expect(throws: PlainFailure.self) { _ = try OpenFolder(top).folder("inside") }
  }

  @Test(
    "Root follows a user's link only to files of that user", .enabled(if: geteuid() == 0))
  func trust() throws {
    defer { finish() }
    try FileSystem.makeFolder("\(top)/roots", mode: 0o755)
    try FileSystem.makeFolder("\(top)/theirs", mode: 0o755)
    #expect(chown("\(top)/theirs", 4711, 4711) == 0)
    for name in ["roots", "theirs"] {
      #expect(symlink("\(top)/\(name)", "\(top)/own-to-\(name)") == 0)
      #expect(symlink("\(name)", "\(top)/foreign-to-\(name)") == 0)
      #expect(lchown("\(top)/foreign-to-\(name)", 4711, 4711) == 0)
    }
    for name in ["own-to-roots", "own-to-theirs", "foreign-to-theirs"] { _ = try OpenFolder("\(top)/\(name)") }
    let failure = #expect(throws: PlainFailure.self) { _ = try OpenFolder("\(top)/foreign-to-roots") }
    #expect(failure?.reason.contains("foreign-to-roots") == true)
    #expect(failure?.remedy?.contains("chown -h") == true)
    try write("\(top)/roots/kept/file")
    #expect(throws: PlainFailure.self) { try FileSystem.removeTree("\(top)/foreign-to-roots/kept") }
    #expect(FileSystem.exists("\(top)/roots/kept/file"))
    #expect(symlink("loop", "\(top)/loop") == 0)
    #expect(throws: PlainFailure.self) { _ = try OpenFolder("\(top)/loop") }
    #expect(throws: PlainFailure.self) { _ = try OpenFolder("\(top)/none") }
  }
}
