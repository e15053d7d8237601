import CSystem
import Glibc

/// An exclusive lock on a file, held until it is released or its process ends, by whatever means.
public final class FileLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock without waiting; nil where someone else holds it. The file is made where there is none.
  public convenience init?(_ path: String) throws {
    try self.init(taking: open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), path)
  }

  /// The same for a file in an open folder.
  public convenience init?(_ name: String, in folder: OpenFolder) throws {
    let file = openat(folder.descriptor, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    try self.init(taking: file, "\(folder.path)/\(name)")
  }

  /// - Parameter file: as `open` gave it. It is closed with this object, also where this fails: an object that has all of
  ///   its properties ends as any other does, and a second `close` could meet another thread's file of the same number.
  private init?(taking file: Int32, _ path: String) throws {
    let code = errno
    descriptor = file
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: code) }
    guard csystem_lock(file) == 0 else {
      if errno == EWOULDBLOCK { return nil }
      throw PlainFailure.system(path, "cannot be locked", errno: errno)
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

  deinit { if descriptor >= 0 { close(descriptor) } }

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
