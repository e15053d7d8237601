import Common
import Engine
import Foundation
import Glibc
import Postgres
import Sandbox
import Server
import Testing

@testable import Wizard

/// Moves between real servers without a screen: with lines from a pipe, and with an answers file.
@Suite("Unattended moves on real servers", .serialized)
struct UnattendedMoveTests {
  private struct Pair {
    let old: SandboxServer
    let new: SandboxServer
    let folder: String

    var servers: [String] { ["--root", old.root, "--target", new.root] }

    func run(_ arguments: [String], input: String = "") throws -> Subprocess.Result {
      try Subprocess(
        TmuxTerminal.program, ["wizard", "move"] + servers + arguments,
        environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder], directory: folder
      ).run(input: input)
    }

    func messages(_ server: SandboxServer) throws -> String? {
      try server.connect().value(
        "SELECT count(*) FROM zerver_message WHERE realm_id = (SELECT id FROM zerver_realm WHERE string_id = 'harbour')"
      )
    }

    func isDeactivated(_ server: SandboxServer) throws -> String? {
      try server.connect().value("SELECT deactivated FROM zerver_realm WHERE string_id = 'harbour'")
    }
  }

  private static let sandbox = Result { try Sandbox.temporary() }

  private func pair() throws -> Pair {
    let sandbox = try Self.sandbox.get()
    let name = RandomText.alphanumeric(8).lowercased()
    let folder = "\(sandbox.directory)/\(name)"
    try FileSystem.makeFolder(folder)
    let old = try sandbox.makeServer("old\(name)")
    try old.add(SampleOrganization(.harbour, messages: 150))
    return Pair(old: old, new: try sandbox.makeServer("new\(name)"), folder: folder)
  }

  @Test("Piped answers in the linear mode move an organization and save the answers")
  func lineByLine() throws {
    let pair = try pair()
    let archive = "\(pair.folder)/a.tar.gz"
    // Welcome, old server, organization, place, new server, archive, address, leave it open, checks, secrets, review.
    let lines = ["", "", "", "", "", archive, "", "2", "", "", "w", "", ""]
    let result = try pair.run(["--linear"], input: lines.joined(separator: "\n") + "\n")
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("Begun: Export messages"))
    #expect(result.output.contains("Next steps:"))
    #expect(!result.output.contains("\u{1B}"))
    let count = try #require(try pair.messages(pair.new))
    #expect(count == (try pair.messages(pair.old)) && count != "0")
    #expect(try pair.isDeactivated(pair.old) == "f")
    let saved = "\(pair.folder)/aloha-move-answers.toml"
    let file = try AnswersFile.read(saved)
    #expect(file.values["target.archive"] == .text(archive))
    #expect(file.values["deactivate.old"] == .flag(false))
    var status = stat()
    #expect(stat(saved, &status) == 0 && status.st_mode & 0o777 == 0o600)
    for text in [result.output, String(decoding: try FileSystem.read(saved), as: UTF8.self)] {
      try expectNoSecrets(of: pair, in: text)
    }
  }

  @Test("An answers file moves an organization without a question")
  func withAnswers() throws {
    let pair = try pair()
    let file = "\(pair.folder)/answers.toml"
    func write(_ text: String) throws { try FileSystem.replace(file, with: text.utf8) }
    let start = "flow = \"move\"\n[source]\nroot = \"\(pair.old.root)\"\n[organization]\nwhich = \"harbour\"\n"
    try write(start)
    let refused = try pair.run(["--answers", file])
    #expect(refused.status == FailureFamily.usage.rawValue)
    for key in ["target.place", "target.archive", "address.subdomain", "deactivate.old", "secrets.each"] {
      #expect(refused.output.contains(key), "\(key) is not in: \(refused.output)")
    }
    #expect(try pair.messages(pair.new) == "0")
    try write(start + "rot = 1\n")
    #expect(try pair.run(["--answers", file]).output.contains("organization.rot"))

    let names = try SecretsAsked.names(pair.old, pair.new)
    let decisions = names.map { "\(TOMLText.key($0)) = \"\($0 == "camo_key" ? "copy" : "keep")\"\n" }.joined()
    try write(
      start + """
        [target]
        place = "here"
        root = "\(pair.new.root)"
        archive = "\(pair.folder)/b.tar.gz"
        [address]
        subdomain = "harbour"
        [deactivate]
        old = true
        [secrets.each]
        \(decisions)
        """)
    let result = try pair.run(["--answers", file])
    #expect(result.status == 0, "\(result.output)")
    #expect(!result.output.contains("Enter"))
    #expect(try pair.messages(pair.new) == pair.messages(pair.old))
    #expect(try pair.isDeactivated(pair.old) == "t")
    #expect(try pair.isDeactivated(pair.new) == "f")
    let (old, new) = (try Installation(root: pair.old.root).secrets, try Installation(root: pair.new.root).secrets)
    #expect(old["camo_key"] == new["camo_key"])
    try expectNoSecrets(of: pair, in: result.output)
    // The moved organization blocks a second move.
    try FileSystem.removeTree("\(pair.folder)/b.tar.gz")
    #expect(try pair.run(["--answers", file]).status != 0)
  }

  @Test("The template is printed without a server and can be read")
  func template() throws {
    let result = try Subprocess(TmuxTerminal.program, ["wizard", "--root", "/nowhere", "--answers-template"]).run()
    #expect(result.status == 0)
    #expect(try AnswersFile.parse(result.output, path: "t.toml") == AnswersFile(flow: "move"))
  }

  @Test("The second Ctrl-C at a question leaves")
  func controlC() throws {
    let terminal = try TmuxTerminal(["wizard", "move", "--linear", "--root", "/nowhere"])
    try terminal.waitFor("the first question") { $0.contains("Enter: begin.") }
    try terminal.press("C-c")
    try terminal.waitFor("the question") { $0.contains("y leaves, Enter continues:") }
    try terminal.press("Enter")
    try terminal.waitFor("the first question again") { $0.components(separatedBy: "Enter: begin.").count == 3 }
    try terminal.press("C-c")
    try terminal.waitFor("the question again") { $0.components(separatedBy: "y leaves, Enter continues:").count == 3 }
    try terminal.press("C-c")
    try terminal.waitFor("the shell") { $0.hasSuffix("$") || $0.contains("\n$") }
    #expect(try !terminal.isOnAlternateScreen)
  }

  @Test("The screen opens at a missing answer, and an unknown key is an error")
  func askedOnTerminal() throws {
    let folder = "\(NSTemporaryDirectory())/aloha-answers-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.replace("\(folder)/a.toml", with: "[deactivate]\nold = true\n".utf8)
    let terminal = try TmuxTerminal(["wizard", "--root", "/nowhere", "--answers", "\(folder)/a.toml"])
    try terminal.waitFor("the step with the first question") { $0.contains("Step 2 of") && $0.contains("/nowhere") }
    #expect(try terminal.isOnAlternateScreen)
    try FileSystem.replace("\(folder)/a.toml", with: "[deactivate]\nodd = true\n".utf8)
    let other = try TmuxTerminal(
      ["wizard", "--root", "/nowhere", "--answers", "\(folder)/a.toml"], columns: 200)
    try other.waitFor("the error") { $0.contains("deactivate.odd: there is no such key") }
    #expect(try !other.isOnAlternateScreen)
  }

  /// The names of the secrets that need a decision.
  private enum SecretsAsked {
    static func names(_ old: SandboxServer, _ new: SandboxServer) throws -> [String] {
      let decisions = MoveDecisions(
        Answers([
          MoveDecisions.Key.source.name: .text(old.root), MoveDecisions.Key.target.name: .text(new.root),
          MoveDecisions.Key.place.name: .text("here"),
        ]))
      return try MoveQueries.real(brand: nil).advice(decisions).map(\.key)
    }
  }

  private func expectNoSecrets(of pair: Pair, in text: String) throws {
    for server in [pair.old, pair.new] {
      let secrets = try Installation(root: server.root).secrets
      for name in secrets.names {
        guard let value = secrets[name]?.reveal(), value.count >= 8 else { continue }
        #expect(!text.contains(value), "the value of \(name) is shown")
      }
    }
  }
}
