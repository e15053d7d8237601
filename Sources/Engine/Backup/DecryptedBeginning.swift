import Common
import Glibc

/// The beginning of an encrypted backup, decrypted only as far as somebody wants to look into it.
///
/// age writes into a pipe; what nobody takes is not decrypted. Ended with the object, or by ``stop()``.
final class DecryptedBeginning {
  /// The plain beginning.
  let path: String
  private let archive: String
  private let complaints: String
  private let process: pid_t
  private let file: Int32
  private var pipe: Int32
  private var size: Int64 = 0

  /// What age complains about goes to a file: its output is the backup.
  private static let script = "exec \"$1\" -d -i \"$2\" \"$3\" 2>\"$4\""

  /// - Parameter folder: a private folder for the plain text; it goes with the caller.
  init(of archive: String, identity: String, in folder: String) throws {
    self.archive = archive
    let program = try Encryption.program()
    path = "\(folder)/beginning-\(RandomText.alphanumeric(8)).tar.gz"
    complaints = path + ".log"
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be written", errno: errno) }
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else {
      let failure = PlainFailure.system("age", "pipe", errno: errno, family: .command)
      close(file)
      throw failure
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipe = ends[0]
    defer { close(ends[1]) }
    do {
      let words = ["-c", Self.script, "sh", program, identity, archive, complaints]
      process = try Subprocess("/bin/sh", words, directory: FileSystem.absolute(".")).start(output: ends[1])
    } catch {
      close(file)
      close(ends[0])
      throw error
    }
  }

  deinit {
    stop()
    close(file)
  }

  /// Decrypts until there are so many bytes, or all.
  ///
  /// - Returns: whether there is more.
  /// - Throws: what age has to complain about.
  func extend(to bytes: Int64, cancellation: Cancellation?) throws -> Bool {
    var room = [UInt8](repeating: 0, count: 1 << 16)
    while size < bytes {
      try cancellation?.check()
      var waiting = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 200) > 0 else { continue }
      let count = read(pipe, &room, min(room.count, Int(bytes - size)))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        try end()
        return false
      }
      try room[..<count].withUnsafeBytes { try FileSystem.writeAll(file, $0, path: path) }
      size += Int64(count)
    }
    return true
  }

  /// All has come, or age has failed.
  private func end() throws {
    close(pipe)
    pipe = -1
    guard Subprocess.wait(process) == 0 else {
      let said = (try? FileSystem.read(complaints, limit: 1 << 16)) ?? []
      throw Encryption.failure(archive, said: String(decoding: said, as: UTF8.self))
    }
  }

  /// Ends age, which has nobody to write for any more, and forgets what was decrypted.
  func stop() {
    if pipe >= 0 {
      close(pipe)
      pipe = -1
      kill(process, SIGTERM)
      _ = Subprocess.wait(process)
    }
    unlink(path)
    unlink(complaints)
  }
}
