import Common
import Foundation
import Glibc
import Operations
import Testing
import Transfer
import WholeServer

@testable import aloha_wizard

@Suite("Paths of the commands")
struct CommandPathTests {
  private let home = TypedPath.resolved("~")
  private let here = FileManager.default.currentDirectoryPath

  private func parsed<Command>(_ words: String...) throws -> Command {
    try #require(try AlohaWizard.parsed(words) as? Command)
  }

  @Test("Relative paths and ~ behind = are resolved when the command starts")
  func resolved() throws {
    let export: ExportCommand = try parsed("--root=~/srv", "export", "-r", "x", "--output=~/x.tar.gz")
    #expect(export.server.reference.root == "\(home)/srv")
    #expect((try export.operation() as? ExportOperation)?.options.output == "\(home)/x.tar.gz")
    let `import`: ImportCommand = try parsed("import", "x", "x.tar.gz", "--report", "../report", "--root", "srv")
    #expect(`import`.server.reference.root == "\(here)/srv")
    let options = (try `import`.operation() as? ImportOperation)?.options
    #expect(options?.archive == "\(here)/x.tar.gz")
    #expect(options?.reportFolder == "\(FileSystem.folder(of: here))/report")
    let restore: RestoreCommand = try parsed(
      "restore", "--database=~/d", "--uploads", "u", "--work-folder=~root/w", "--identity", "k", "--data=~/data")
    guard case .manual(let parts)? = (try restore.operation() as? RestoreOperation)?.options.source else {
      Issue.record("no parts")
      return
    }
    #expect(parts.database == "\(home)/d" && parts.uploads == "\(here)/u" && parts.data == "\(home)/data")
    #expect(restore.work.folder == "\(TypedPath.resolved("~root"))/w" && restore.work.key.path == "\(here)/k")
    let copy: SettingsCommand.Compare = try parsed("settings", "compare", "--from=~/etc")
    #expect(copy.migration.fullPath == "\(home)/etc")
    #expect(ThemeName.resolved("~/mine.toml") == "\(home)/mine.toml" && ThemeName.resolved("dark") == "dark")
  }

  @Test("Dots in the middle of a path are resolved, and a link in the last place is kept")
  func dots() throws {
    try withFolder { folder in
      try FileSystem.makeFolder("\(folder)/deep/er")
      #expect(symlink("deep/er", "\(folder)/link") == 0)
      try FileSystem.replace("\(folder)/x.tar.gz", with: [UInt8](repeating: 7, count: 512))
      #expect(symlink("x.tar.gz", "\(folder)/newest.tar.gz") == 0)
      for (typed, real) in [
        ("deep/../x.tar.gz", "x.tar.gz"), ("./deep/./../x.tar.gz", "x.tar.gz"), ("link/../../x.tar.gz", "x.tar.gz"),
        ("deep/../newest.tar.gz", "newest.tar.gz"),
      ] {
        #expect(FileSystem.absolute("\(folder)/\(typed)") == "\(folder)/\(real)", "\(typed)")
        let outcome = try TestProgram.run(["inspect", typed], in: folder)
        #expect(outcome.error.contains("\(folder)/\(real):"), "\(typed): \(outcome.error)")
      }
      #expect(FileSystem.absolute("\(folder)/deep/er/..") == "\(folder)/deep")
      #expect(FileSystem.absolute("/../x") == "/x")
      let export: ExportCommand = try parsed("export", "-r", "x", "--output", "\(folder)/deep/../new.tar.gz")
      #expect((try export.operation() as? ExportOperation)?.options.output == "\(folder)/new.tar.gz")
    }
  }

  @Test("A path of a user that does not exist is refused with the option")
  func unknownUser() throws {
    for words in [
      ["jobs", "list", "--root=~nobody-such/x"], ["inspect", "~nobody-such/x.tar.gz"],
      ["restore", "x.tar.gz", "--work-folder=~nobody-such"], ["wizard", "--answers=~nobody-such/a.toml"],
    ] {
      let outcome = try TestProgram.run(words)
      #expect(outcome.status == 64 && outcome.error.contains("There is no user nobody-such"), "\(words)")
    }
  }

  @Test("Paths are those of the folder where the program is started")
  func workingFolder() throws {
    try withFolder { folder in
      try FileSystem.makeFolder("\(folder)/deep/er")
      try FileSystem.replace("\(folder)/a.toml", with: "flow = \"nonesuch\"\n".utf8)
      let outcome = try TestProgram.run(["wizard", "--answers=~/../a.toml"], in: folder, home: "\(folder)/deep")
      #expect(outcome.status == 64 && outcome.error.contains("nonesuch"))
      #expect(
        try TestProgram.run(["inspect", "../../a.toml"], in: "\(folder)/deep/er").error.contains("\(folder)/a.toml"))
      #expect(
        try TestProgram.run(["theme", "check", "nonesuch.toml"], in: folder).error.contains("\(folder)/nonesuch.toml"))
    }
  }
}
