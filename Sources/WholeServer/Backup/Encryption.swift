import Archive
import Common
import Glibc
import Operations

/// Encryption to a public key with `age`: a small, well maintained program with one format and no options.
///
/// Making backups requires only the public key: an attacker on the server cannot read them. The private key belongs on
/// another machine, and on paper: without it, the backups cannot be read again.
public enum Encryption {
  /// The beginnings of the two file formats.
  private static let marks = ["age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE-----"].map { Array($0.utf8) }

  /// The signs of a private key: of age, of one of its plugins, of SSH, and of a key that is encrypted itself.
  private static let keyMarks = [
    "AGE-SECRET-KEY-", "AGE-PLUGIN-", "-----BEGIN", "age-encryption.org/v1",
  ]

  /// Returns whether a file was encrypted by age.
  public static func isEncrypted(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &head, head.count)
    return count > 0 && marks.contains { head[..<count].starts(with: $0) }
  }

  /// Returns the absolute path of the private key's file for an archive; nil if the archive is not encrypted.
  ///
  /// - Throws: `.unsuitableArchive` if it is encrypted and no key is given, `.usage` if the key cannot be read.
  static func identity(for archive: String, _ identity: String?) throws -> String? {
    guard !FileSystem.isFolder(archive), isEncrypted(archive) else { return nil }
    guard let identity else {
      throw PlainFailure(
        .unsuitableArchive, SafeText.clean(archive, limit: .path), "is encrypted",
        remedy: "give the file with the private key: --identity FILE")
    }
    let path = FileSystem.absolute(identity)
    guard !FileSystem.isFolder(path), access(path, R_OK) == 0 else {
      throw PlainFailure.system(
        SafeText.clean(identity, limit: .line), "the private key cannot be read",
        errno: FileSystem.isFolder(path) ? EISDIR : errno, family: .usage)
    }
    let text = String(decoding: (try? FileSystem.read(path, limit: 1 << 20)) ?? [], as: UTF8.self)
    guard keyMarks.contains(where: { text.contains($0) }) else {
      throw PlainFailure(
        .usage, SafeText.clean(identity, limit: .line), "contains no private key of age",
        remedy: "give the file that age-keygen has written, with a line that begins with AGE-SECRET-KEY-")
    }
    return path
  }

  /// Returns the plain bytes of an archive, decrypted while they are read; nil if the archive is not encrypted.
  ///
  /// - Throws: the errors of ``identity(for:_:)``. Errors of age are thrown while reading.
  package static func stream(
    of archive: String, identity: String?, cancellation: Cancellation?
  ) throws -> ArchiveStream? {
    guard let identity = try Self.identity(for: archive, identity) else { return nil }
    return ArchiveStream(
      try DecryptedStream(of: FileSystem.absolute(archive), identity: identity, cancellation: cancellation),
      size: FileSystem.length(archive) ?? 0)
  }

  /// - Returns: nil if the recipient can be used; otherwise the problem.
  static func problem(recipient: String) -> Finding? {
    // The text is not shown, because it may be the private key.
    if let problem = InputRule.recipient(recipient) {
      return Finding(
        .blocker, "encryption", problem.prefix(1).lowercased() + problem.dropFirst(),
        remedy:
          "make a pair on another machine with: age-keygen -o backup-key.txt; give the public key, which begins with "
          + "age1")
    }
    guard let program = Subprocess.find("age") else {
      return Finding(
        .blocker, "encryption", "the program age is not installed on this machine", remedy: "apt-get install age")
    }
    // age decides: nothing is encrypted to a key that it does not accept.
    guard let result = try? Subprocess(program, ["-r", recipient, "-o", "/dev/null"]).run(input: ""),
      result.status == 0
    else {
      return Finding(
        .blocker, "encryption", "age does not take \(SafeText.clean(recipient, limit: .label)) for a public key",
        remedy: "copy it whole, as age-keygen has printed it")
    }
    return nil
  }

  /// Encrypts a file. `output` gets its name once it is complete and synced to disk; it must not exist.
  static func encrypt(_ path: String, to recipient: String, output: String, cancellation: Cancellation?) throws {
    let (path, output) = (FileSystem.absolute(path), FileSystem.absolute(output))
    let partial = "\(output).\(RandomText.alphanumeric(8)).partial"
    // Created and held open here, and private from the start: age writes into it.
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

  private static func run(_ words: [String], subject: String, cancellation: Cancellation?) throws {
    let result = try Subprocess(program(), words, directory: "/").run(cancellation: cancellation)
    try cancellation?.check()
    guard result.status == 0 else { throw failure(subject, said: result.output) }
  }

  /// Returns the full path of `age`.
  static func program() throws -> String {
    guard let program = Subprocess.find("age") else {
      throw PlainFailure(
        .configuration, "age", "the program is not installed on this machine", remedy: "apt-get install age")
    }
    return program
  }

  /// Explains why age has ended with an error.
  ///
  /// - Parameters:
  ///   - said: the output of age.
  ///   - hasBegun: whether anything was decrypted until then: the key was right, and the file is damaged.
  static func failure(_ subject: String, said output: String, hasBegun: Bool = false) -> PlainFailure {
    let said = output.split(separator: "\n").first.map { SafeText.clean($0, limit: .path) } ?? "no reason given"
    let subject = SafeText.clean(subject, limit: .line)
    guard !hasBegun else {
      return PlainFailure(
        .damagedArchive, subject, "the encrypted file is damaged or has no end (\(said))",
        remedy: "copy it again from where it was made and compare the sizes, or use another backup")
    }
    return PlainFailure(
      .archive, subject, "cannot be decrypted: \(said)",
      remedy:
        "give the private key that belongs to the public key it was encrypted to; with that key: the beginning of "
        + "the file is damaged")
  }
}
