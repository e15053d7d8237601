import Common
import Foundation
import Sandbox
import Testing

/// The program, run as a process without a terminal, which reaches other machines by a configuration of its own.
enum TestProgram {
  struct Outcome {
    let status: Int32
    let output: String
    let error: String
  }

  /// The folder of the program, next to the tests.
  static let folder: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path
  }()

  static var path: String { "\(folder)/aloha-wizard" }

  /// Runs the program to its end.
  static func run(_ words: [String], through shell: SecureShell, input: String? = nil) throws -> Outcome {
    let (process, output, error) = try start(words, through: shell, input: input)
    defer { try? FileSystem.removeTree(error) }
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self),
      error: String(decoding: try FileSystem.read(error), as: UTF8.self))
  }

  /// - Returns: the process, its output, and the file with its standard error.
  static func start(
    _ words: [String], through shell: SecureShell, input: String? = nil
  ) throws -> (Process, Pipe, error: String) {
    let file = "\(shell.folder)/error-\(RandomText.alphanumeric(12))"
    try FileSystem.replace(file, with: [])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = words
    process.currentDirectoryURL = URL(fileURLWithPath: shell.folder)
    var environment = ProcessInfo.processInfo.environment
    environment["ALOHA_WIZARD_SSH_CONFIG"] = shell.configuration
    process.environment = environment
    let output = Pipe()
    process.standardInput = input.flatMap { FileHandle(forReadingAtPath: $0) } ?? FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: file)
    try process.run()
    return (process, output, file)
  }
}

/// One sandbox for all tests of this target.
enum Servers {
  private static let made = Result {
    let sandbox = try Sandbox.temporary(servers: ["old"])
    try #require(sandbox.servers.first).add(SampleOrganization(.harbour, messages: 60))
    return sandbox
  }

  static func folder() throws -> String { try made.get().directory }
  /// A server with the organization "harbour". Tests must not change it.
  static func old() throws -> SandboxServer { try #require(try made.get().servers.first) }

  static func fresh() throws -> SandboxServer {
    try made.get().makeServer("more" + RandomText.alphanumeric(8).lowercased())
  }
}

extension TestProgram {
  /// Files that other machines have sent, and that are still here.
  static func received() throws -> [String] {
    try FileSystem.namesIfPresent(in: "/var/tmp/.aloha-wizard-incoming-\(geteuid())")
  }
}
