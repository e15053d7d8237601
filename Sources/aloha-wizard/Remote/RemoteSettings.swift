import Administration
import Common
import Glibc
import Remote

/// A command about settings for a server on another machine, which gets the settings of the old server from here: with
/// marks in place of secrets, and later the values that it has decided to copy.
struct RemoteSettings {
  private let migration: SettingsCommand.Migration
  private let words: [String]

  /// - Parameter words: the command as it is called there.
  init?(_ command: any ForServer, _ words: [String]) {
    switch command {
    case let compare as SettingsCommand.Compare: migration = compare.migration
    case let copy as SettingsCommand.Copy: migration = copy.migration
    default: return nil
    }
    self.words = words
  }

  /// Runs it there, and returns the exit code.
  func run(on server: RemoteServer, _ options: ServerOptions, json: Bool) throws -> Int32 {
    if let old = try? RemoteAddress(migration.from), old.isSameMachine(as: server.address) {
      return try RemoteSession(server, words: words(from: old.root), json: json).plainly()
    }
    let remote = try migration.connect(options, json: json)
    defer { remote?.close() }
    let source = try ConfigurationSource(migration.fullPath, copiesProgram: remote?.isCopied ?? false)
    let channel = try server.connection.start(
      server.command(words(from: RemoteConfiguration.standardInput), environment: RemoteSession.environment))
    defer { channel.end() }
    try RemoteConfiguration.line(of: source.delivery()).withUnsafeBytes { try channel.write($0) }
    var lines = LineSplitter()
    while let bytes = try channel.read(cancellation: Interruption.cancellation) {
      for line in lines.add(bytes) {
        if let request = RemoteConfiguration.request(line) {
          try source.answer(request).withUnsafeBytes { try channel.write($0) }
        } else {
          StandardStream.raw(Array((json ? line : SafeText.clean(line)).utf8) + [0x0A])
        }
      }
    }
    let status = channel.wait()
    guard status != SSHConnection.lostStatus else { throw channel.failure }
    StandardStream.error(RemoteSession.shown(channel.errorText))
    return status
  }

  private func words(from path: String) -> [String] {
    let end = words.firstIndex(of: "--") ?? words.endIndex
    return RemoteWords.without(["--from"], words[..<end]) + ["--from=\(path)"] + words[end...]
  }
}
