import CSystem
import Glibc

/// An exclusive lock on a file. It is held until the object is released or the process ends, for any reason.
public final class FileLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock without waiting, and creates the file if it does not exist; returns nil if another process holds
  /// it.
  public convenience init?(_ path: String) throws {
    try self.init(taking: open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), path)
  }

  /// Takes the lock of a file in an open folder; returns nil if another process holds it.
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
    // Another process may look at this very moment whether the lock is free, see ``isFree(_:in:)``.
    for _ in 1..<Self.attempts where csystem_lock(file) != 0 {
      guard errno == EWOULDBLOCK else { throw PlainFailure.system(path, "cannot be locked", errno: errno) }
      usleep(10_000)
    }
    guard csystem_lock(file) == 0 else {
      if errno == EWOULDBLOCK { return nil }
      throw PlainFailure.system(path, "cannot be locked", errno: errno)
    }
  }

  private static let attempts = 5

  /// Takes the lock of a file that this process has just created, until the descriptor is closed.
  public static func hold(_ descriptor: Int32) { _ = csystem_lock(descriptor) }

  /// Returns whether no process holds the lock of a file. Creates no file.
  public static func isFree(_ name: String, in folder: OpenFolder) -> Bool {
    let file = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return errno == ENOENT }
    defer { close(file) }
    guard csystem_lock(file) == 0 else { return false }
    _ = csystem_unlock(file)
    return true
  }

  deinit {
    guard descriptor >= 0 else { return }
    // A child that is just being started still has a copy, which would keep the lock.
    _ = csystem_unlock(descriptor)
    close(descriptor)
  }

  /// Returns whether the locked file still has this name: it was neither replaced nor deleted.
  public func isStill(_ name: String, in folder: OpenFolder) -> Bool {
    var own = stat()
    guard fstat(descriptor, &own) == 0, let there = folder.status(name) else { return false }
    return own.st_ino == there.st_ino && own.st_dev == there.st_dev
  }

  /// Returns whether the locked file is still at this path: it was neither replaced nor deleted.
  public func isStill(_ path: String) -> Bool {
    var (own, there) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }
}
