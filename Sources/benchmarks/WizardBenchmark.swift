import ArgumentParser
import Common
import Foundation
import Postgres
import Sandbox

/// Measures the wizard on a terminal with real servers: the time to its first frame, the response times of keys, and
/// its cost while it is idle.
struct WizardBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wizard", abstract: "The wizard's first frame, its answers to keys, and its idleness.")

  @Option(help: "Organizations on the server, for the table of them.")
  var organizations = 5000

  @Option(help: "Messages of the organization that is moved while keys are pressed.")
  var messages = 60_000

  @Option(help: "How often each key is pressed.")
  var times = 60

  func run() throws {
    print("Making servers with \(organizations) organizations and \(messages) messages …")
    let sandbox = try Sandbox.temporary(servers: ["old", "new"])
    defer { sandbox.stop() }
    let servers = sandbox.servers
    try fill(servers[0])
    let program = Program(arguments: ["wizard", "move", "--root", servers[0].root, "--target", servers[1].root])
    var goals = Goals()
    try start(program, &goals)
    try idle(program, &goals)
    try table(program, &goals)
    try running(program, &goals)
    guard goals.missed.isEmpty else {
      print("MISSED: \(goals.missed.joined(separator: "; "))")
      throw ExitCode.failure
    }
    print("All goals are met.")
  }

  /// The wizard of the same build.
  private struct Program {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("aloha-wizard").path
    let arguments: [String]

    func start() throws -> TerminalProgram { try TerminalProgram(path, arguments) }
  }

  private func fill(_ server: SandboxServer) throws {
    let organization = SampleOrganization(messages: messages)
    try server.add(organization)
    let connection = try server.connectAsSuperuser()
    defer { connection.close() }
    try connection.execute("SET search_path TO \(Identifier.quote(server.brand.schema)), public")
    try connection.execute(
      """
      INSERT INTO zerver_realm
      SELECT (jsonb_populate_record(r, jsonb_build_object(
        'id', (SELECT max(id) FROM zerver_realm) + n, 'string_id', 'team-' || n, 'name', 'Team number ' || n,
        'uuid', gen_random_uuid(), 'uuid_owner_secret', 'none-' || n))).*
      FROM zerver_realm r, generate_series(1, \(organizations)) n
      WHERE r.string_id = \(Identifier.literal(organization.subdomain))
      """)
  }

  // MARK: Measurements

  private func start(_ program: Program, _ goals: inout Goals) throws {
    var processor: [Double] = []
    let all = try (0..<20).map { _ in
      let began = ContinuousClock.now
      let wizard = try program.start()
      let time = wizard.response(containing: "Step", quiet: 60, since: began).milliseconds
      processor.append(wizard.processorSeconds * 1000)
      return time
    }
    goals.check("first frame after the start", all, most: 50)
    line("its processor time", "p50 \(decimal(processor.sorted()[processor.count / 2])) ms")
  }

  private func idle(_ program: Program, _ goals: inout Goals) throws {
    let wizard = try program.start()
    _ = wizard.response(containing: "Step", quiet: 300)
    goals.check("help, idle", keys(wizard), most: 16)
    let before = wizard.processorSeconds
    sleep(10)
    goals.check("processor in 10 idle seconds", [(wizard.processorSeconds - before) * 1000], most: 1)
  }

  private func table(_ program: Program, _ goals: inout Goals) throws {
    let wizard = try program.start()
    try walk(wizard, to: "Which organization moves?")
    let count = Amount.count(Int64(organizations))
    // The second key of each pair undoes the first, so that every key changes the screen.
    for (name, keys) in [("down and up", "jk"), ("a page down and up", "\u{06}\u{02}"), ("to the end and back", "Gg")] {
      let all = (0..<times).flatMap { _ in keys.map { wizard.answer(to: String($0)).milliseconds } }
      goals.check("\(count) rows: \(name)", all, most: 16)
    }
    var letters: [Double] = []
    for _ in 0..<max(1, times / 10) {
      letters.append(wizard.answer(to: "/").milliseconds)
      for letter in "number 49" { letters.append(wizard.answer(to: String(letter)).milliseconds) }
      for _ in "number 49" { letters.append(wizard.answer(to: "\u{7F}").milliseconds) }
      _ = wizard.answer(to: "\r", quiet: 60)
    }
    goals.check("\(count) rows: filter", letters, most: 16)
  }

  private func running(_ program: Program, _ goals: inout Goals) throws {
    let wizard = try program.start()
    try walk(wizard, to: "Start the move")
    wizard.press("\r")
    _ = wizard.response(containing: "so far", quiet: 5)
    let began = ContinuousClock.now
    let before = wizard.processorSeconds
    let all = keys(wizard)
    let share = (wizard.processorSeconds - before) * 1000 / (ContinuousClock.now - began).milliseconds
    guard wizard.screen().contains("so far") else {
      throw PlainFailure(
        .unexpected, "the move", "it was over before all keys were pressed", remedy: "give it more --messages")
    }
    goals.check("help, while a job runs", all, most: 16)
    line("processor while it runs", "\(decimal(share * 100)) %, with a key every few milliseconds")
    let watching = wizard.processorSeconds
    sleep(3)
    line("processor while it is watched", "\(decimal((wizard.processorSeconds - watching) / 3 * 100)) %")
    // The servers must not be deleted before the operation has ended.
    for _ in 0..<600 where !wizard.screen().contains("Leave the wizard") { usleep(500_000) }
  }

  /// Opens and closes the help repeatedly. Returns the milliseconds of each opening.
  private func keys(_ wizard: TerminalProgram) -> [Double] {
    (0..<times).map { _ in
      let time = wizard.answer(to: "?", containing: "Help", quiet: 4).milliseconds
      _ = wizard.answer(to: "q", quiet: 4)
      return time
    }
  }

  /// Accepts the proposals until the screen contains a text.
  ///
  /// - Throws: `.unexpected` if the text does not appear.
  private func walk(_ wizard: TerminalProgram, to sign: String) throws {
    _ = wizard.response(containing: "Step", quiet: 100)
    for _ in 0..<200 {
      let screen = wizard.screen()
      if screen.contains(sign) { return }
      if ["Looking", "Checking", "Working out"].contains(where: screen.contains) {
        usleep(50_000)
      } else if screen.contains("are ignored") {
        // Keys are dropped until a pause.
        usleep(1_000_000)
        wizard.press("\r")
        usleep(50_000)
      } else {
        wizard.press("\r")
        usleep(50_000)
      }
    }
    throw PlainFailure(.unexpected, "the wizard", "never came to “\(sign)”: \(wizard.screen().prefix(1500))")
  }
}

/// Prints measurements beside their limits.
private struct Goals {
  private(set) var missed: [String] = []

  /// - Parameters:
  ///   - all: response times in milliseconds.
  ///   - most: the limit for 95 % of them, in milliseconds.
  mutating func check(_ name: String, _ all: [Double], most: Double) {
    let sorted = all.sorted()
    func share(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
    let isMet = share(0.95) <= most
    let numbers =
      sorted.count == 1
      ? "\(decimal(sorted[0])) ms"
      : "p50 \(decimal(share(0.5)))  p95 \(decimal(share(0.95)))  max \(decimal(share(1))) ms"
    line(name, "\(numbers)  goal \(Int(most)) ms: \(isMet ? "met" : "MISSED")")
    if !isMet { missed.append(name) }
  }
}
