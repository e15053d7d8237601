import Common
import Glibc

/// Encryption to a public key, done by `age`: a small, well-kept program with one format and no choices.
///
/// Who makes backups needs the public key only: whoever breaks into the server cannot read them with what is there. The
/// private key belongs on another machine, and on paper: without it no one reads the backup ever again.
public enum Encryption {
  private static let mark = Array("age-encryption.org/v1".utf8)

  /// Whether a file was encrypted by age.
  public static func isEncrypted(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: mark.count)
    return read(descriptor, &head, head.count) == mark.count && head == mark
  }

  /// - Returns: nil where the recipient can be used; else what is wrong.
  static func problem(recipient: String) -> Finding? {
    guard let program = Subprocess.find("age") else {
      return Finding(
        .blocker, "encryption", "the program age is not installed on this machine", remedy: "apt-get install age")
    }
    if recipient.hasPrefix("AGE-SECRET-KEY-") {
      return Finding(
        .blocker, "encryption", "this is a private key: a server that makes backups must not have it",
        remedy: "give the public key, which begins with age1, and move the private one to another machine")
    }
    let isKey = recipient.hasPrefix("age1") || recipient.hasPrefix("ssh-ed25519 ") || recipient.hasPrefix("ssh-rsa ")
    guard isKey else {
      return Finding(
        .blocker, "encryption", "\(SafeText.clean(recipient, limit: 60)) is no public key",
        remedy: "make a pair with: age-keygen -o backup-key.txt; give the public key, which begins with age1")
    }
    // age itself is the judge: nothing is encrypted to a key that it does not take.
    guard let result = try? Subprocess(program, ["-r", recipient, "-o", "/dev/null"]).run(input: ""),
      result.status == 0
    else {
      return Finding(
        .blocker, "encryption", "age does not take \(SafeText.clean(recipient, limit: 80)) for a public key",
        remedy: "copy it whole, as age-keygen has printed it")
    }
    return nil
  }

  /// Encrypts a file. `output` gets its name when it is complete and on the disk; nothing may exist there.
  static func encrypt(_ path: String, to recipient: String, output: String, cancellation: Cancellation?) throws {
    let partial = "\(output).\(RandomText.alphanumeric(8)).partial"
    // Made and held here, private from the first byte on: age writes into it.
    let file = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw PlainFailure.system(output, "cannot be written", errno: errno) }
    defer { close(file) }
    FileLock.hold(file)
    do {
      try run(["-r", recipient, "-o", partial, path], subject: output, cancellation: cancellation)
      guard fchmod(file, 0o600) == 0, fsync(file) == 0 else {
        throw PlainFailure.system(output, "cannot be written", errno: errno)
      }
      guard FileSystem.renameNew(partial, to: output) else {
        throw PlainFailure.system(output, "cannot be put in place", errno: errno)
      }
      try FileSystem.syncFolder(of: output)
    } catch {
      unlink(partial)
      throw error
    }
  }

  /// Decrypts a file with the private key in `identity`.
  static func decrypt(_ path: String, identity: String, output: String, cancellation: Cancellation?) throws {
    try run(["-d", "-i", identity, "-o", output, path], subject: path, cancellation: cancellation)
  }

  private static func run(_ words: [String], subject: String, cancellation: Cancellation?) throws {
    let result = try Subprocess(program(), words, directory: "/").run(cancellation: cancellation)
    try cancellation?.check()
    guard result.status == 0 else { throw failure(subject, said: result.output) }
  }

  /// The full path of `age`.
  static func program() throws -> String {
    guard let program = Subprocess.find("age") else {
      throw PlainFailure(
        .configuration, "age", "the program is not installed on this machine", remedy: "apt-get install age")
    }
    return program
  }

  /// What age's words mean.
  static func failure(_ subject: String, said output: String) -> PlainFailure {
    let said = output.split(separator: "\n").first.map { SafeText.clean($0, limit: 300) } ?? "no reason given"
    let isWrongKey = output.contains("no identity matched")
    return PlainFailure(
      isWrongKey ? .archive : .command, SafeText.clean(subject, limit: 200), said,
      remedy: isWrongKey ? "give the private key that belongs to the public key it was encrypted to" : nil)
  }
}
