import Administration
import Common
import Operations
import Postgres
import Sandbox
import Testing
import WholeServer

/// Destructive commands, run on a terminal and by a script.
@Suite("Confirmation prompts")
struct ConfirmationPromptTests {
  private static let sandbox = Result { try Sandbox.temporary() }

  private func server(_ name: String) throws -> SandboxServer {
    let server = try Self.sandbox.get().makeServer(name)
    try server.add(SampleOrganization(.bookclub, messages: 30))
    return server
  }

  private func isThere(_ server: SandboxServer) throws -> Bool {
    try server.connect().value("SELECT 1 FROM zerver_realm WHERE string_id = 'bookclub'") != nil
  }

  /// Runs the program without a terminal, as a script does.
  private func script(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let result = try Subprocess(TmuxTerminal.program, arguments, directory: "/").run()
    return (result.status, result.output)
  }

  @Test("A deletion lists its rows, refuses other names and empty lines, and runs after the name is typed")
  func deletion() throws {
    let server = try server("asked")
    let command = ["organization", "delete", "-r", "bookclub", "--root", server.root, "--yes"]
    let messages = try server.connect().value(
      "SELECT count(*) FROM zerver_message WHERE realm_id = (SELECT id FROM zerver_realm WHERE string_id = 'bookclub')")

    let terminal = try TmuxTerminal(command, columns: 120, rows: 90)
    let question = try terminal.waitFor("the question") { $0.contains("Type bookclub to delete it") }
    #expect(question.contains("\(messages ?? "?") in zerver_message"))
    #expect(question.contains("All other organizations"))
    try terminal.press("bookclu", "Enter")
    try terminal.waitFor("the refusal") { $0.contains("'bookclu' is not the requested name") && $0.contains("\n$") }
    #expect(try isThere(server))

    for key in ["Enter", "C-c", "C-d"] {
      let terminal = try TmuxTerminal(command, columns: 120, rows: 90)
      try terminal.waitFor("the question") { $0.contains("Type bookclub to delete it") }
      try terminal.press(key)
      try terminal.waitFor("the shell after \(key)") { $0.contains("\n$") }
      #expect(try isThere(server), "\(key)")
    }

    let last = try TmuxTerminal(command, columns: 120, rows: 90)
    try last.waitFor("the question") { $0.contains("Type bookclub to delete it") }
    try last.press("bookclub", "Enter")
    try last.waitFor("the end") { $0.contains("is deleted") }
    #expect(try !isThere(server))
  }

  @Test("Earlier input does not confirm a deletion")
  func typedAhead() throws {
    let server = try server("ahead")
    // While this lock is held, the program cannot reach its question.
    let lock = try server.connect()
    try lock.execute("BEGIN; LOCK TABLE zerver_realm")
    let terminal = try TmuxTerminal(
      ["organization", "delete", "-r", "bookclub", "--root", server.root, "--yes"], columns: 120, rows: 90)
    try terminal.waitFor("the program at the lock") { _ in
      (try? lock.value("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1")) == "1"
    }
    try terminal.press("bookclub", "Enter")
    try terminal.waitFor("what was typed") { $0.contains("bookclub") }
    try lock.execute("COMMIT")
    try terminal.waitFor("the question") { $0.contains("Type bookclub to delete it") }
    #expect(try isThere(server))
    try terminal.press("C-c")
    try terminal.waitFor("the shell") { $0.contains("\n$") }
    #expect(try isThere(server))
  }

  @Test("Pasted lines delete nothing in the linear mode, and typed answers do")
  func linearPaste() throws {
    let server = try server("pasted")
    let command = ["wizard", "clean-up", "--linear", "--root", server.root]
    let pasted = try TmuxTerminal(command, columns: 120, rows: 90)
    try pasted.waitFor("the first question") { $0.contains("Choose 1 to") || $0.contains("[1]:") }
    try pasted.press("-l", "bookclub\ny\n1\n\nbookclub\nstart\n")
    try pasted.waitFor("the refusal") { $0.contains("None of them is taken as the answer") }
    #expect(try isThere(server))
    for (question, answer) in [
      ("Choose 1 to 2 [2]:", "bookclub"), ("Choose 1 to 2 [2]:", "y"), ("Choose 1 to 3 [1]:", "1"),
      ("Enter: continue.", ""), ("Type bookclub:", "bookclub"),
    ] {
      try pasted.waitFor(question) {
        $0.split(separator: "\n").last { !$0.isEmpty }?.trimmingPrefix { $0 == " " }.hasSuffix(question) == true
      }
      if !answer.isEmpty { try pasted.press(answer) }
      try pasted.press("Enter")
    }
    try pasted.waitFor("the start") { $0.contains("start begins.") }
    #expect(try isThere(server))
    try pasted.press("start", "Enter")
    try pasted.waitFor("the end") { $0.contains("What next") }
    #expect(try !isThere(server))
  }

  @Test("Piped answers delete nothing without the name on the command line")
  func linearPipe() throws {
    let server = try server("piped")
    let answers = "bookclub\\ny\\n1\\n\\nstart\\nq\\n"
    func piped(_ more: String) throws -> (status: Int32, output: String) {
      let line = "printf '\(answers)' | \(TmuxTerminal.program) wizard clean-up --linear --root \(server.root) \(more)"
      let result = try Subprocess("/bin/sh", ["-c", line], directory: "/").run()
      return (result.status, result.output)
    }
    let silent = try piped("")
    #expect(silent.status == 64 && silent.output.contains("--confirm-delete bookclub"), "\(silent.output)")
    #expect(try isThere(server))
    let said = try piped("--confirm-delete bookclub")
    #expect(said.status == 0, "\(said.output)")
    #expect(try !isThere(server))
  }

  @Test("A blocked deletion asks for no confirmation")
  func blocked() throws {
    let server = try server("lively")
    let connection = try server.connect()
    // The organization has messages that are newer than the sample.
    try connection.execute("UPDATE zerver_message SET date_sent = now() - interval '1 minute'")
    let operation = DeleteOrganizationOperation(
      ServerReference(root: server.root), DeleteOrganizationOperation.Options(subdomain: "bookclub"))
    try #require(try !operation.history().signsOfLife.isEmpty)
    let terminal = try TmuxTerminal(
      ["organization", "delete", "-r", "bookclub", "--root", server.root], columns: 120, rows: 90)
    let screen = try terminal.waitFor("the end") { $0.contains("Blocked:") && $0.contains("\n$") }
    #expect(screen.contains("seems to be in use") && !screen.contains("Type bookclub"))
    #expect(try isThere(server))
  }

  @Test("A deletion in a script without the right name is refused")
  func scripts() throws {
    let server = try server("scripted")
    let command = ["organization", "delete", "-r", "bookclub", "--root", server.root, "--yes"]
    let silent = try script(command)
    #expect(silent.status == 64 && silent.output.contains("--confirm-delete bookclub"), "\(silent.output)")
    #expect(try script(command + ["--confirm-delete", "harbour"]).status == 64)
    #expect(try isThere(server))
    #expect(try script(command + ["--confirm-delete", "bookclub"]).status == 0)
    #expect(try !isThere(server))
  }

  @Test("A restore lists the replaced data and requires the server's name, or --yes in a script")
  func restore() throws {
    let server = try server("replaced")
    let backup = "\(server.root)/backup.tar.gz"
    _ = try BackupOperation(ServerReference(root: server.root), BackupOperation.Options(output: backup)).perform(
      .silent)
    try server.connect().execute("UPDATE zerver_message SET content = 'since'")
    func isRestored() throws -> Bool {
      try server.connect().value("SELECT 1 FROM zerver_message WHERE content = 'since' LIMIT 1") == nil
    }
    let command = ["restore", backup, "--root", server.root]
    let silent = try script(command)
    #expect(silent.status == 64 && silent.output.contains("--yes"), "\(silent.output)")

    let wrong = try TmuxTerminal(command, columns: 140, rows: 90)
    let question = try wrong.waitFor("the question") { $0.contains("Type \(server.host) to replace") }
    #expect(question.contains("Content of this server now") && question.contains("30 messages"))
    try wrong.press("yes", "Enter")
    try wrong.waitFor("the refusal") { $0.contains("'yes' is not the requested name") }
    #expect(try !isRestored())

    let right = try TmuxTerminal(command, columns: 140, rows: 90)
    try right.waitFor("the question") { $0.contains("Type \(server.host) to replace") }
    try right.press(server.host, "Enter")
    try right.waitFor("the end") { $0.contains("Next steps") }
    #expect(try isRestored())

    let discard = try TmuxTerminal(["restore", "--discard", "--root", server.root], columns: 140, rows: 90)
    let kept = try discard.waitFor("the question") { $0.contains("Type \(server.host) to delete the kept state") }
    #expect(kept.contains("Will be deleted:"))
    try discard.press("no", "Enter")
    try discard.waitFor("the refusal") { $0.contains("'no' is not the requested name") }
    #expect(try RestoreState(root: server.root).current() != nil)
    _ = try? server.run("scripts/stop-server")
  }
}
