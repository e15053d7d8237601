import Common
import Testing

@testable import Server

@Suite("The version of an installed server")
struct ServerVersionTests {
  /// As in the server's own version.py: its name is assigned twice, the second time by a Python expression.
  private static let source = """
    import os

    ZULIP_VERSION = "9.0"

    lines = [ZULIP_VERSION, ""]
    if os.path.exists(git_version_file):
        with open(git_version_file) as f:
            lines = [*f, "", ""]
    ZULIP_VERSION = lines.pop(0).strip()
    API_FEATURE_LEVEL = 261
    """

  @Test("The version comes from version.py, and for unreleased versions from Git")
  func name() throws {
    let root = "/tmp/aloha-version-\(RandomText.alphanumeric(12))"
    defer { try? FileSystem.removeTree(root) }
    let server = Installation(
      root: root, brand: .zulip, configuration: ConfFile(), settings: SettingsFile(""), secrets: Secrets()
    )
    #expect(try ServerVersion.installed(server) == ServerVersion())

    try FileSystem.makeFolder(server.deploymentFolder)
    try FileSystem.replace("\(server.deploymentFolder)/version.py", with: Self.source.utf8)
    #expect(try ServerVersion.installed(server) == ServerVersion(name: "9.0", featureLevel: 261))

    let git = "\(server.deploymentFolder)/zulip-git-version"
    try FileSystem.replace(git, with: "9.0-dev-1234-gc0ffee\n9.0-dev\n".utf8)
    #expect(try ServerVersion.installed(server).name == "9.0-dev-1234-gc0ffee")
    try FileSystem.replace(git, with: "\n".utf8)
    #expect(try ServerVersion.installed(server).name == "9.0")
  }
}
