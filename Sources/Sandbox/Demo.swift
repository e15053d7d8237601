import Common
import Glibc

extension Sandbox {
  private static let mark = ".aloha-sandbox"

  /// Two servers in one folder: `old-server`, with an organization that looks lived in and a small one besides, and
  /// `new-server`, freshly installed. What an earlier call made there is replaced; other files in it are left alone.
  ///
  /// - Parameters:
  ///   - directory: made where it is missing. A relative path is taken from the working directory.
  ///   - messages: how many messages the large organization has.
  ///   - step: called with each step before it is taken, in words.
  /// - Throws: `.conflict` where the folder holds something else than an earlier demo, or another process uses it.
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
    // The small one first: then the large one's ids are others than on a fresh server.
    try old.add(SampleOrganization(.bookclub, messages: min(60, messages)))
    try old.add(SampleOrganization(.harbour, messages: messages))
    step("starting the servers")
    try old.run("scripts/start-server")
    try new.run("scripts/start-server")
    try SampleFile.rewrite(try Resources.text("demo/README.txt").utf8, to: "\(folder)/README.txt", mode: 0o644)
    return sandbox
  }

  /// Makes the folder, or takes one that is empty or an earlier demo's. Its full path, without links.
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
