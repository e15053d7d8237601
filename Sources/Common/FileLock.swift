import CSystem
import Glibc

/// An exclusive lock on a file, held until it is released or its process ends, by whatever means.
public final class FileLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock without waiting; nil where someone else holds it. The file is made where there is none.
  public init?(_ path: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: errno) }
    guard csystem_lock(descriptor) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw PlainFailure.system(path, "cannot be locked", errno: code)
    }
  }

  /// The same for a file in an open folder.
  public init?(_ name: String, in folder: OpenFolder) throws {
    let path = "\(folder.path)/\(name)"
    descriptor = openat(folder.descriptor, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: errno) }
    guard csystem_lock(descriptor) == 0 else {
      let code = errno
      close(descriptor)
      if code == EWOULDBLOCK { return nil }
      throw PlainFailure.system(path, "cannot be locked", errno: code)
    }
  }

  /// Takes the lock of a file that this process has just made, for as long as it is open.
  public static func hold(_ descriptor: Int32) { _ = csystem_lock(descriptor) }

  /// Whether nobody holds the lock of a file. Makes no file: where there is none, nobody can hold its lock.
  public static func isFree(_ name: String, in folder: OpenFolder) -> Bool {
    let file = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return errno == ENOENT }
    defer { close(file) }
    return csystem_lock(file) == 0
  }

  deinit { close(descriptor) }

  /// Whether the file of this name is still the one that is locked, and was not replaced or removed.
  public func isStill(_ name: String, in folder: OpenFolder) -> Bool {
    var own = stat()
    guard fstat(descriptor, &own) == 0, let there = folder.status(name) else { return false }
    return own.st_ino == there.st_ino && own.st_dev == there.st_dev
  }

  /// Whether the file at this path is still the one that is locked, and was not replaced or removed.
  public func isStill(_ path: String) -> Bool {
    var (own, there) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }
}
