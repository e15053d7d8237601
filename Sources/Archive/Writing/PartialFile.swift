import Common
import Glibc

/// A file that gets its name when it is complete.
///
/// Where the file system allows it, the file has no name at all until then: a process that is killed leaves nothing.
/// Elsewhere it is called `<name>.<random>.partial`.
final class PartialFile {
  let path: String
  let descriptor: Int32
  /// Nil where the file has no name, and once it has its own.
  private var temporary: String?
  private var isOpen = true

  /// - Throws: `.conflict` where something of that name exists.
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
    // A file that nobody holds was left by a killed process.
    FileLock.hold(descriptor)
  }

  deinit { discard() }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try FileSystem.writeAll(descriptor, bytes, path: path)
  }

  /// Writes over what is there already.
  func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    guard pwrite(descriptor, bytes, bytes.count, offset) == bytes.count else {
      throw PlainFailure.system(path, "cannot be written", errno: errno)
    }
  }

  /// Waits until everything is on the disk.
  func sync() throws {
    guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else {
      throw PlainFailure.system(path, "cannot be written", errno: errno)
    }
  }

  /// Lets what is read next come from the disk, not from memory.
  func forgetCached() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

  /// Gives it its name, for good. What exists is never replaced.
  func publish() throws {
    let done = temporary.map { FileSystem.renameNew($0, to: path) } ?? FileSystem.name(descriptor, path)
    guard done else {
      throw errno == EEXIST ? Self.taken(path) : PlainFailure.system(path, "cannot be put in place", errno: errno)
    }
    temporary = nil
    try FileSystem.syncFolder(of: path)
  }

  /// Closes it; without its name, it is gone.
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
