import Common
import Foundation
import Sandbox
import Testing

/// The program, run as a process without a terminal.
enum TestProgram {
  struct Outcome {
    let status: Int32
    let output: String
    let error: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// The program, next to the tests.
  static let path: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("aloha-wizard").path
  }()

  /// Runs the program to its end.
  static func run(_ words: [String], in folder: String = "/", home: String? = nil) throws -> Outcome {
    let file = "\(FileManager.default.temporaryDirectory.path)/\(RandomText.alphanumeric(12))"
    try FileSystem.replace(file, with: [])
    defer { try? FileSystem.removeTree(file) }
    let (process, output) = try start(words, in: folder, home: home, error: FileHandle(forWritingAtPath: file))
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self),
      error: String(decoding: try FileSystem.read(file), as: UTF8.self))
  }

  /// Runs the program through a shell, which can redirect or close its streams and change its user.
  ///
  /// - Parameters:
  ///   - line: shell code in which `"$@"` is the program with its words.
  ///   - environment: what `env` sets first.
  static func shell(_ line: String, _ words: [String], environment: [String] = []) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = environment + ["/bin/sh", "-c", line, "sh", path] + words
    let output = Pipe()
    let file = "\(FileManager.default.temporaryDirectory.path)/\(RandomText.alphanumeric(12))"
    try FileSystem.replace(file, with: [])
    defer { try? FileSystem.removeTree(file) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: file)
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self),
      error: String(decoding: try FileSystem.read(file), as: UTF8.self))
  }

  /// Runs the program as a user for whom the modes of files count.
  static func unprivileged(_ words: [String], environment: [String] = []) throws -> Outcome {
    let line = geteuid() == 0 ? "exec runuser -u nobody -- \"$@\"" : "exec \"$@\""
    return try shell(line, words, environment: environment)
  }

  static func start(
    _ words: [String], in folder: String = "/", home: String? = nil, error: FileHandle? = nil
  ) throws -> (Process, Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = words
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    var environment = ProcessInfo.processInfo.environment
    if let home { environment["HOME"] = home }
    process.environment = environment
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = error ?? FileHandle.nullDevice
    try process.run()
    return (process, output)
  }
}

/// One sandbox for all tests of this target.
enum Servers {
  private static let made = Result {
    let sandbox = try Sandbox.temporary(servers: ["old", "new"])
    try #require(sandbox.servers.first).add(SampleOrganization(.harbour, messages: 60))
    return sandbox
  }

  static func folder() throws -> String { try made.get().directory }
  /// A server with the organization "harbour". Tests must not change it.
  static func old() throws -> SandboxServer { try #require(try made.get().servers.first { $0.name == "old" }) }
  /// A freshly installed server. Tests must not change it.
  static func new() throws -> SandboxServer { try #require(try made.get().servers.first { $0.name == "new" }) }

  static func fresh() throws -> SandboxServer {
    try made.get().makeServer("more" + RandomText.alphanumeric(8).lowercased())
  }

  private static let archived = Result {
    let path = try folder() + "/harbour.tar.gz"
    let made = try TestProgram.run(["export", "-r", "harbour", "--output", path, "--root", try old().root])
    try #require(made.status == 0, "\(made.error)")
    return path
  }

  /// An export of "harbour".
  static func archive() throws -> String { try archived.get() }
}

/// Runs `body` with a new empty folder, and deletes it afterwards.
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
  let path = "/tmp/aloha-tests-\(RandomText.alphanumeric(10))"
  try FileSystem.makeFolder(path, mode: 0o711)
  defer { try? FileSystem.removeTree(path) }
  return try body(path)
}
