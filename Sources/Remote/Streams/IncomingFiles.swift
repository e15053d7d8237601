import Common
import Glibc

/// Files on this machine that another one sends, in a private folder, until the work with them has ended.
public enum IncomingFiles {
  private static let idLength = 20
  /// The age from which unfinished and forgotten files are deleted, in seconds.
  private static let age = 2 * 24 * 3600

  /// Returns an id that cannot be guessed.
  public static func newID() -> String { RandomText.alphanumeric(idLength) }

  /// Returns a new file for a stream that this process reads, in the same folder. The caller deletes it.
  public static func make() throws -> IncomingFile {
    let folder = try folder()
    removeOld(in: folder)
    let path = try path(newID(), in: folder)
    return IncomingFile(path, partial: "\(path).partial")
  }

  /// Deletes a file of ``make()``, complete or not.
  public static func remove(_ file: IncomingFile) {
    for end in ["", ".partial"] { unlink(file.path + end) }
  }

  /// Receives a file on standard input, and answers on standard output: how much is there already, how much has become
  /// durable, and the path of the complete file.
  ///
  /// - Throws: `.usage` for an invalid id; `.file`; `.damagedArchive`.
  public static func receive(_ id: String, input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO) throws {
    let folder = try folder()
    removeOld(in: folder)
    let path = try path(id, in: folder)
    // The process of a lost connection may still be writing.
    var lock = try FileLock("\(path).lock")
    for _ in 0..<200 where lock == nil {
      usleep(50_000)
      lock = try FileLock("\(path).lock")
    }
    guard let lock else {
      throw PlainFailure(.conflict, "transfer", "another process is receiving this file", remedy: "try it again")
    }
    defer { withExtendedLifetime(lock) {} }
    if let size = size(of: path) { return try confirm(path, size, input, output) }
    let file = IncomingFile(path, partial: "\(path).partial")
    say("have \(try file.open())", to: output)
    var decoder = StreamFrame.Decoder()
    var told = file.durable
    while let bytes = UnixSocket.receive(from: input, most: 1 << 17) {
      decoder.add(bytes)
      while let piece = try decoder.next(from: "the other machine") {
        switch piece {
        case .bytes(let bytes):
          try file.write(bytes)
          if file.durable > told {
            told = file.durable
            say("ack \(told)", to: output)
          }
        case .end(let end):
          do { try file.finish(end) } catch {
            // A damaged file must not be continued.
            unlink("\(path).partial")
            throw error
          }
          unlink("\(path).lock")
          return say("whole \(path)", to: output)
        }
      }
    }
  }

  /// Says again that a file is complete: the connection was lost before the sender knew.
  private static func confirm(_ path: String, _ size: Int64, _ input: Int32, _ output: Int32) throws {
    say("have \(size)", to: output)
    var decoder = StreamFrame.Decoder()
    while let bytes = UnixSocket.receive(from: input, most: 1 << 17) {
      decoder.add(bytes)
      guard let piece = try decoder.next(from: "the other machine") else { continue }
      guard case .end(let end) = piece, end.size == size else { break }
      return say("whole \(path)", to: output)
    }
    throw PlainFailure(.conflict, "transfer", "another file of this id is here already", remedy: "try it again")
  }

  /// Deletes a received file, complete or not.
  public static func discard(_ id: String) throws {
    let path = try path(id, in: folder())
    for end in ["", ".partial", ".lock"] { unlink(path + end) }
  }

  private static func path(_ id: String, in folder: String) throws -> String {
    guard id.count == idLength, id.utf8.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ".") })
    else { throw PlainFailure(.usage, "transfer", "the id is not valid") }
    return "\(folder)/\(id).tar.gz"
  }

  /// - Returns: nil if there is no such file.
  private static func size(of path: String) -> Int64? {
    var status = stat()
    return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  private static func say(_ line: String, to output: Int32) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Returns the private folder of this user.
  private static func folder() throws -> String {
    let path = "/var/tmp/.aloha-wizard-incoming-\(geteuid())"
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw PlainFailure.system(path, "cannot be made", errno: errno)
    }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
      status.st_mode & 0o077 == 0
    else {
      throw PlainFailure(
        .file, path, "is not a private folder of this user", remedy: "delete it; it is made again")
    }
    return path
  }

  private static func removeOld(in folder: String) {
    for name in (try? FileSystem.names(in: folder)) ?? [] {
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > age else { continue }
      unlink("\(folder)/\(name)")
    }
  }
}
