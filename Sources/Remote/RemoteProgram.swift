import Common
import Glibc

/// This program on another machine: installed there, or copied there for the time of the work.
struct RemoteProgram: Sendable {
  /// The program with what has to be in front of it, for example sudo.
  let words: [String]
  /// The private folder of a copy; nil if the program is installed there.
  let folder: String?

  /// Where copies are, below a folder for temporary files.
  private static let prefix = ".aloha-wizard-program-"

  /// Decides how this program runs there, and copies it if that is necessary.
  ///
  /// - Parameter mayCopy: asked only if the program is not there in the same version.
  /// - Throws: `.command` with the host, the reason and the remedy if it cannot run there; ``SSHFailure``.
  static func find(
    on machine: RemoteMachine, _ connection: SSHConnection, mayCopy: (RemoteMachine) throws -> Bool
  ) throws -> RemoteProgram {
    let elevation = try elevation(on: machine, connection.address)
    if let program = machine.program, machine.hello == .own {
      return RemoteProgram(words: elevation + [program], folder: nil)
    }
    let host = connection.address.label
    let state =
      machine.hasProgram
      ? "has \(machine.version ?? "another version of \(Program.name)"), and this is \(Program.nameAndVersion)"
      : "does not have \(Program.name)"
    if let obstacle = machine.obstacle() {
      throw PlainFailure(
        .command, host, "\(state); it cannot be copied there: \(obstacle)",
        remedy: "install \(Program.nameAndVersion) there")
    }
    guard try mayCopy(machine) else {
      throw PlainFailure(
        .command, host, state,
        remedy: "install \(Program.nameAndVersion) there, or let it be copied there for this work: --copy-program")
    }
    return try copy(to: connection, elevation)
  }

  /// Returns the words that run a command with the rights that the server needs.
  private static func elevation(on machine: RemoteMachine, _ address: RemoteAddress) throws -> [String] {
    guard machine.needsRoot else { return [] }
    let user = address.user.map { SafeText.clean($0, limit: .word) } ?? "the user"
    guard let canSudo = machine.canSudo else {
      throw PlainFailure(
        .command, address.label, "\(user) there is not root, and there is no sudo",
        remedy: "connect as root: \(RemoteAddress.prefix)root@\(ShellWord.quoted(address.label))")
    }
    guard canSudo else {
      throw PlainFailure(
        .command, address.label, "\(user) there is not root, and sudo asks for a password, which cannot be given here",
        remedy: "connect as root, or allow \(user) to use sudo without a password (NOPASSWD in /etc/sudoers.d)")
    }
    return ["sudo", "-n", "--"]
  }

  /// Copies the running program into a private folder there, and compares its digest.
  private static func copy(to connection: SSHConnection, _ elevation: [String]) throws -> RemoteProgram {
    let source = "/proc/self/exe"
    let descriptor = open(source, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlainFailure.system(source, "cannot be read", errno: errno) }
    defer { close(descriptor) }
    let digest = try Digest.hexadecimal(ofFile: source)
    // Copies of earlier connections that broke are deleted; a running program keeps its deleted file.
    let script = """
      umask 077
      for parent in /var/tmp /tmp "$HOME"; do
        [ -d "$parent" ] && find "$parent" -maxdepth 1 -type d -name '\(prefix)*' -user "$(id -u)" -mtime +1 \
      -exec rm -rf {} + 2>/dev/null
        folder=$(mktemp -d "$parent/\(prefix)XXXXXXXX" 2>/dev/null) || continue
        cat >"$folder/\(Program.name)" && chmod 700 "$folder/\(Program.name)" || { rm -rf "$folder"; exit 3; }
        "$folder/\(Program.name)" peer hello >/dev/null 2>"$folder/error"
        status=$?
        echo "folder=$folder"
        echo "status=$status"
        echo "digest=$(sha256sum "$folder/\(Program.name)" | cut -c 1-64)"
        echo "error=$(head -n 1 "$folder/error")"
        exit 0
      done
      exit 4
      """
    let outcome = try connection.run("exec sh -c " + ShellWord.quoted(script), input: descriptor)
    let host = connection.address.label
    var values: [Substring: String] = [:]
    for line in outcome.text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { values[parts[0]] = String(parts[1]) }
    }
    guard outcome.status == 0, let folder = values["folder"], folder.hasPrefix("/"),
      FileSystem.name(of: folder).hasPrefix(prefix)
    else {
      let words = outcome.error.split(whereSeparator: \.isNewline).last.map { SafeText.clean($0, limit: .line) }
      throw PlainFailure(
        .command, host, "the program could not be copied there: \(words ?? "there is no folder to write to")",
        remedy: "free space in /var/tmp there, or install \(Program.nameAndVersion) there")
    }
    let program = RemoteProgram(words: elevation + ["\(folder)/\(Program.name)"], folder: folder)
    guard values["digest"] == digest else {
      program.remove(connection)
      throw PlainFailure(.command, host, "the copy of the program arrived damaged", remedy: "try it again")
    }
    guard values["status"] == "0" else {
      program.remove(connection)
      let words = SafeText.clean(values["error"] ?? "", limit: .line)
      throw PlainFailure(
        .command, host, "the copied program does not run there: \(words.isEmpty ? "no reason is given" : words)",
        remedy: "install \(Program.nameAndVersion) there with the libraries that it needs")
    }
    return program
  }

  /// Deletes a copy. A process that still runs from it goes on.
  func remove(_ connection: SSHConnection) {
    guard let folder else { return }
    _ = try? connection.run("rm -rf -- \(ShellWord.quoted(folder))")
  }
}
