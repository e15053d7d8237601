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

  deinit { close(descriptor) }

  /// Whether the file at this path is still the one that is locked, and was not replaced or removed.
  public func isStill(_ path: String) -> Bool {
    var (own, there) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }
}
