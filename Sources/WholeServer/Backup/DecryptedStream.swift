import Archive
import CSystem
import Common
import Glibc

/// The output of age during decryption: nothing of it is written to disk, and unread parts are not decrypted.
///
/// age ends with the object, and if this process is killed, because its pipe is closed.
final class DecryptedStream: ByteStream {
  private let archive: String
  private let cancellation: Cancellation?
  private let process: pid_t
  /// The error messages of age; its output is the backup.
  private let complaints: Int32
  private var pipe: Int32
  private var hasBegun = false

  /// Standard input receives the error messages: a child gets no other descriptor of this process.
  private static let script = "exec \"$1\" -d -i \"$2\" \"$3\" 2>&0 </dev/null"

  /// - Parameters:
  ///   - archive: the absolute path of the encrypted file.
  ///   - identity: the absolute path of the file with the private key.
  init(of archive: String, identity: String, cancellation: Cancellation?) throws {
    self.archive = archive
    self.cancellation = cancellation
    let program = try Encryption.program()
    complaints = csystem_unnamed_file("/tmp")
    guard complaints >= 0 else { throw PlainFailure.system("/tmp", "temporary file", errno: errno) }
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else {
      let failure = PlainFailure.system("age", "pipe", errno: errno, family: .command)
      close(complaints)
      throw failure
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipe = ends[0]
    defer { close(ends[1]) }
    do {
      let words = ["-c", Self.script, "sh", program, identity, archive]
      process = try Subprocess("/bin/sh", words, directory: "/").start(input: complaints, output: ends[1])
    } catch {
      close(complaints)
      close(ends[0])
      throw error
    }
  }

  deinit {
    if pipe >= 0 {
      close(pipe)
      kill(process, SIGTERM)
      _ = Subprocess.wait(process)
    }
    close(complaints)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while pipe >= 0, !buffer.isEmpty {
      try cancellation?.check()
      var waiting = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 200) > 0 else { continue }
      let count = Glibc.read(pipe, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count > 0 {
        hasBegun = true
        return count
      }
      try end()
    }
    return 0
  }

  /// Ends the stream: the output is complete, or age has failed.
  private func end() throws {
    close(pipe)
    pipe = -1
    guard Subprocess.wait(process) == 0 else {
      var said = [UInt8](repeating: 0, count: 1 << 12)
      let count = pread(complaints, &said, said.count, 0)
      throw Encryption.failure(
        archive, said: String(decoding: said.prefix(max(0, count)), as: UTF8.self), hasBegun: hasBegun)
    }
  }
}
