import ArgumentParser
import Common
import Glibc
import Operations
import Server

/// The server of a command.
struct ServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use this folder as /: FOLDER/etc/aloha, FOLDER/home/aloha ... (for example a server of the demo), or a server on "
        + "another machine: ssh://[user@]host[:port][/folder].",
      valueName: "folder"))
  var root: String = "/"

  @Flag(help: "If this program is not installed on the other machine: copy it there for the work, without asking.")
  var copyProgram = false

  @Option(help: "aloha or zulip; by default detected from the configuration.")
  var brand: Brand?

  /// An unset variable of a script must not select the machine's own server.
  func validate() throws {
    if root.isEmpty { throw ValidationError("--root needs a folder; / is this machine's own server.") }
    do {
      if try remote() != nil { return }
    } catch let failure as PlainFailure {
      throw ValidationError("--root: \(failure.subject) \(failure.reason). \(failure.remedy ?? "")")
    }
    try OptionRule.check("--root", root, InputRule.path)
  }

  /// Returns the address of a server on another machine; nil for a folder of this one.
  ///
  /// - Throws: `.usage` if it is meant as an address, and is none.
  func remote() throws -> RemoteAddress? { RemoteAddress.isMeant(root) ? try RemoteAddress(root) : nil }

  /// The server; its path is resolved, because a job's process has another working directory.
  var reference: ServerReference { ServerReference(root: FileSystem.absolute(root), brand: brand) }

  /// - Throws: `.configuration` if the server's root folder does not exist or cannot be looked at: a server without
  ///   jobs or restores is something else.
  func requireRoot() throws {
    var status = stat()
    guard stat(reference.root, &status) == 0 else {
      throw PlainFailure.system(reference.root, "cannot be used as --root", errno: errno, family: .configuration)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw PlainFailure(
        .configuration, reference.root, "is no folder, and cannot be used as --root",
        remedy: "give the root folder of a server")
    }
  }

  func installation() throws -> Installation {
    try Installation(root: reference.root, brand: brand)
  }
}

extension Brand: ExpressibleByArgument {}
