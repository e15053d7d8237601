import Common
import Glibc

extension Sandbox {
  private static let mark = ".aloha-sandbox"

  /// Creates two servers in one folder: `old-server` with two organizations of different sizes, and `new-server`,
  /// freshly installed. The servers of an earlier call in the folder are replaced; other files are kept.
  ///
  /// - Parameters:
  ///   - directory: created if it does not exist. Relative paths are relative to the working directory.
  ///   - messages: the number of messages of the large organization.
  ///   - step: called before each step, with its description.
  /// - Throws: `.conflict` if the folder contains other data than an earlier demo's, or if another process uses it.
  public static func demo(
    directory: String, messages: Int = 500, step: (String) -> Void = { _ in }
  ) throws -> Sandbox {
    let folder = try claim(directory)
    step("starting a PostgreSQL of its own")
    let sandbox = try Sandbox(directory: folder, isTemporary: false)
    step("installing two servers")
    let old = try sandbox.makeServer("old")
    let new = try sandbox.makeServer("new")
    step("filling the old one with \(messages) messages")
    // The small organization is added first, so that the ids of the large one differ from those of a fresh server.
    try old.add(SampleOrganization(.bookclub, messages: min(60, messages)))
    try old.add(SampleOrganization(.harbour, messages: messages))
    step("starting the servers")
    try old.run("scripts/start-server")
    try new.run("scripts/start-server")
    try sandbox.writeReadme()
    return sandbox
  }

  /// The two servers of a demo; nil if this is no demo.
  var demoServers: (old: SandboxServer, new: SandboxServer)? {
    guard let old = servers.first(where: { $0.name == "old" }), let new = servers.first(where: { $0.name == "new" })
    else { return nil }
    return (old, new)
  }

  /// Describes the folder for people who find it, also after the demo has ended.
  private func writeReadme() throws {
    guard let guide = guide(program: Program.invocation) else { return }
    let serving = ShellWord.quoted(words: [Program.invocation, "demo", "--serve", "--dir", directory])
    let text = try Resources.text("demo/README.txt")
      .replacing("{serve}", with: serving)
      .replacing("{commands}", with: guide.commands.joined(separator: "\n  "))
      .replacing("{remove}", with: guide.removal)
    try SampleFile.rewrite(text.utf8, to: "\(directory)/README.txt", mode: 0o644)
  }

  /// Creates the folder, or reuses an empty one or that of an earlier demo. Returns its absolute path without links.
  private static func claim(_ directory: String) throws -> String {
    try FileSystem.makeFolder(directory, mode: geteuid() == 0 ? 0o711 : 0o700)
    guard let resolved = realpath(directory, nil) else {
      throw PlainFailure.system(directory, "cannot be used", errno: errno)
    }
    defer { free(resolved) }
    let folder = String(cString: resolved)
    if FileSystem.exists("\(folder)/\(mark)") { return folder }
    guard try FileSystem.names(in: folder).isEmpty else {
      throw PlainFailure(
        .conflict, folder, "is not empty, and is not the folder of an earlier demo",
        remedy: "name a folder that is empty or does not exist yet")
    }
    try SampleFile.rewrite("Made by aloha-wizard demo.\n".utf8, to: "\(folder)/\(mark)")
    return folder
  }
}
