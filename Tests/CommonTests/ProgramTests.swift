import Foundation
import Testing

@testable import Common

@Suite("How the program is started")
struct ProgramTests {
  @Test("Printed commands begin with the name if a shell finds this program by it, otherwise with its path")
  func invocation() throws {
    let folder = FileSystem.resolved(NSTemporaryDirectory()) + "/aloha-program-\(RandomText.alphanumeric(10))"
    defer { try? FileSystem.removeTree(folder) }
    for name in ["build", "bin", "other"] { try FileSystem.makeFolder("\(folder)/\(name)") }
    let program = "\(folder)/build/\(Program.name)"
    try FileSystem.replace(program, with: "".utf8, mode: 0o755)
    try FileSystem.replace("\(folder)/other/\(Program.name)", with: "".utf8, mode: 0o755)
    try #require(symlink(program, "\(folder)/bin/\(Program.name)") == 0)
    func word(_ folders: [String], _ executable: String? = nil) -> String {
      Program.invocation(
        executable: executable ?? program, path: folders.map { "\(folder)/\($0)" }.joined(separator: ":"))
    }
    #expect(word(["none", "bin"]) == Program.name, "through a link")
    #expect(word(["build", "other"]) == Program.name)
    #expect(word(["other", "build"]) == program, "a shell would start another program")
    #expect(word(["none"]) == program && word([]) == program)
    // As in tests, and after the file was replaced.
    #expect(word([], "/usr/bin/xctest") == Program.name)
    #expect(word([], "\(program) (deleted)") == Program.name)
    #expect(Program.invocation(executable: nil, path: "") == Program.name)
  }
}
