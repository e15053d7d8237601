import Foundation
import Testing

@testable import Common

@Suite("Typed paths and names")
struct TypedPathTests {
  private let here = FileManager.default.currentDirectoryPath

  @Test("A relative path begins in the working directory, and a leading .. leaves it")
  func relative() {
    #expect(TypedPath.resolved("a/b") == "\(here)/a/b")
    #expect(TypedPath.resolved("./a") == "\(here)/a")
    #expect(TypedPath.resolved(".") == here)
    #expect(TypedPath.resolved("..") == FileSystem.folder(of: here))
    #expect(
      TypedPath.resolved(".././../x")
        == "\(FileSystem.folder(of: FileSystem.folder(of: here)))/x".replacing("//", with: "/"))
    #expect(TypedPath.resolved("a/../b") == "\(here)/a/../b", "a can be a link")
    #expect(TypedPath.resolved("..a/b") == "\(here)/..a/b")
    #expect(TypedPath.resolved("/a/./b") == "/a/./b")
    #expect(TypedPath.resolved("../../../../../../../../../../x") == "/x")
  }

  @Test("A shown path has no . and no .., and keeps links after the last ..")
  func normalized() throws {
    #expect(TypedPath.normalized("/a/./b//c") == "/a/b/c")
    #expect(TypedPath.normalized("/a/./b/") == "/a/b/", "a folder stays one")
    #expect(TypedPath.normalized("/../..") == "/" && TypedPath.normalized("/") == "/")
    #expect(TypedPath.normalized("none/../b") == "\(here)/b")
    let folder = FileSystem.resolved(NSTemporaryDirectory()) + "/aloha-normalized-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder("\(folder)/real/inner")
    defer { try? FileSystem.removeTree(folder) }
    try #require(symlink("\(folder)/real/inner", "\(folder)/link") == 0)
    #expect(TypedPath.normalized("\(folder)/link/../x") == "\(folder)/real/x", "as the kernel reads it")
    #expect(TypedPath.normalized("\(folder)/real/../link/x") == "\(folder)/link/x")
  }

  @Test("~ is the own home folder, ~name that of another user")
  func home() throws {
    let home = try #require(ProcessInfo.processInfo.environment["HOME"])
    #expect(TypedPath.resolved("~") == home)
    #expect(TypedPath.resolved("~/a/b") == "\(home)/a/b")
    #expect(TypedPath.resolved("~root/x") == "/root/x")
    #expect(TypedPath.problem("~/x") == nil && TypedPath.problem("x~") == nil)
  }

  @Test("Without such a user a path is a name, and the reason is known")
  func unknownUser() {
    #expect(TypedPath.problem("~nobody-such/x")?.contains("There is no user nobody-such") == true)
    #expect(TypedPath.resolved("~nobody-such/x") == "\(here)/~nobody-such/x")
    #expect(TypedPath.problem("./~nobody-such/x") == nil)
    #expect(
      InputRule.path("~nobody-such/x") != nil
        && InputRule.absolutePath("~nobody-such/x") != "The path must begin with /")
  }

  @Test("The most similar name is proposed, and none for other words")
  func nearest() {
    let names = ["export", "import", "organization", "list", "clean-up", "jobs"]
    let cases = [
      ("exprot", "export"), ("EXPORT", "export"), ("improt", "import"), ("organisation", "organization"),
      ("lst", "list"), ("clean", "clean-up"), ("job", "jobs"), ("jbos", "jobs"), ("exports", "export"),
    ]
    for (typed, meant) in cases { #expect(NearestName.of(typed, among: names) == meant, "\(typed)") }
    for typed in ["", "x", "restore", "lagoon", String(repeating: "export", count: 1000)] {
      #expect(NearestName.of(typed, among: names) == nil, "\(typed)")
    }
  }

  @Test("A folder that cannot be read is not the same as no folder")
  func unreadable() throws {
    let folder = "\(NSTemporaryDirectory())/aloha-names-\(RandomText.alphanumeric(10))"
    #expect(try FileSystem.namesIfPresent(in: folder) == [])
    #expect(try !FileSystem.isPresent(folder))
    try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: folder)
    defer { try? FileSystem.removeTree(folder) }
    #expect(throws: PlainFailure.self) { try FileSystem.namesIfPresent(in: folder) }
    #expect(throws: PlainFailure.self) { try FileSystem.isPresent(folder) }
  }
}
