import Common

/// Command lines about an archive, quoted so that they can be copied into a shell.
package enum ArchiveWords {
  package static func command(_ words: [String], _ identity: String? = nil) -> String {
    ShellWord.quoted(words: [Program.invocation] + words + (identity.map { ["--identity", $0] } ?? []))
  }

  package static func rehearse(_ path: String, _ identity: String?) -> String {
    command(["restore", "--rehearse", path], identity)
  }
}
