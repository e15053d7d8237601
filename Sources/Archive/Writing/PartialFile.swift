import Common
import Glibc

/// A file that gets its name when it is complete.
///
/// If the file system supports it, the file has no name until then, so that a killed process leaves nothing. Otherwise
/// it is named `<name>.<random>.partial`.
final class PartialFile {
  let path: String
  let descriptor: Int32
  /// Nil if the file is unnamed, or has its final name.
  private var temporary: String?
  private var isOpen = true

  /// - Throws: `.conflict` if the path exists.
  init(_ path: String, named: Bool = false) throws {
    self.path = path
    var status = stat()
    guard lstat(path, &status) != 0 else { throw Self.taken(path) }
    let nameless = named ? -1 : FileSystem.nameless(in: FileSystem.folder(of: path))
    if nameless >= 0 {
      descriptor = nameless
      return
    }
    guard named || errno == EOPNOTSUPP else {
      throw PlainFailure.system(path, "cannot be written", errno: errno)
    }
    let temporary = "\(path).\(RandomText.alphanumeric(8)).partial"
    descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be written", errno: errno) }
    self.temporary = temporary
    // An unlocked file was left by a killed process.
    FileLock.hold(descriptor)
  }

  deinit { discard() }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try FileSystem.writeAll(descriptor, bytes, path: path)
  }

  /// Overwrites existing bytes.
  func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    guard pwrite(descriptor, bytes, bytes.count, offset) == bytes.count else {
      throw PlainFailure.system(path, "cannot be written", errno: errno)
    }
  }

  /// Syncs the file to disk.
  func sync() throws {
    guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else {
      throw PlainFailure.system(path, "cannot be written", errno: errno)
    }
  }

  /// Drops the cached content, so that the next read comes from the disk.
  func forgetCached() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

  /// Gives the file its name, without overwriting.
  func publish() throws {
    let done = temporary.map { FileSystem.renameNew($0, to: path) } ?? FileSystem.name(descriptor, path)
    guard done else {
      throw errno == EEXIST ? Self.taken(path) : PlainFailure.system(path, "cannot be put in place", errno: errno)
    }
    temporary = nil
    try FileSystem.syncFolder(of: path)
  }

  /// Closes the file; without a name, it is deleted.
  func discard() {
    guard isOpen else { return }
    isOpen = false
    if let temporary { unlink(temporary) }
    close(descriptor)
  }

  private static func taken(_ path: String) -> PlainFailure {
    PlainFailure(.conflict, path, "exists already; it is left as it is", remedy: "choose another name")
  }
}
