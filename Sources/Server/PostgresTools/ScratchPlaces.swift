import Common
import Glibc

/// Remembers where operators had work folders created, so that the next command searches there for leftovers of a
/// killed one.
///
/// One file per user of this machine, beside the default work folders, with one path per line. It is trusted only if it
/// belongs to this user and no other user can write it. Without it nothing fails, but fewer leftovers are found.
package enum ScratchPlaces {
  private static let most = 64

  private static var file: String { "/var/tmp/.aloha-wizard-places-\(geteuid())" }

  /// Adds a place, unless it is one of the default places.
  static func remember(_ place: String, in file: String = file) {
    guard place.hasPrefix("/"), !place.contains("\n"), !ScratchFolder.places.contains(place) else { return }
    change(file) { places in
      if places.contains(place) { return places }
      // Places without leftovers are dropped before those that a later command has to clean.
      let before = places.count < most ? places : places.filter(hasFolders)
      return Array((before + [place]).suffix(most))
    }
  }

  /// Returns the places, and forgets those without any work folder.
  package static func remembered(in file: String = file) -> [String] {
    let all = read(file)
    let kept = all.filter(hasFolders)
    if kept.count < all.count { change(file) { $0.filter { !all.contains($0) || hasFolders($0) } } }
    return kept
  }

  /// A place that cannot be read now is kept.
  private static func hasFolders(_ place: String) -> Bool {
    guard let names = try? FileSystem.names(in: place) else { return FileSystem.lexists(place) }
    return names.contains { $0.hasPrefix(ScratchFolder.prefix) }
  }

  private static func read(_ file: String) -> [String] {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return isOurs(descriptor) ? lines(descriptor) : []
  }

  private static func lines(_ descriptor: Int32) -> [String] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return [] }
    return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("/")
    }
  }

  private static func isOurs(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid()
      && status.st_mode & 0o022 == 0
  }

  /// Changes the file atomically, one process at a time.
  private static func change(_ file: String, _ body: ([String]) -> [String]) {
    guard let slash = file.lastIndex(of: "/"), let folder = try? OpenFolder(String(file[..<slash])) else { return }
    let name = String(file[file.index(after: slash)...])
    // A file of this name by another user would prevent root from remembering.
    if let status = folder.status(name), status.st_uid != geteuid() || status.st_mode & S_IFMT != S_IFREG {
      guard geteuid() == 0, (try? folder.removeFile(name)) != nil else { return }
    }
    guard let lock = lock("\(name).lock", in: folder) else { return }
    let before = read(file)
    let after = body(before)
    if after != before {
      try? folder.replace(name, with: (after.joined(separator: "\n") + "\n").utf8)
    }
    withExtendedLifetime(lock) {}
  }

  /// Waits up to two seconds for another process.
  private static func lock(_ name: String, in folder: OpenFolder) -> FileLock? {
    for _ in 0..<200 {
      do {
        if let lock = try FileLock(name, in: folder) { return lock }
      } catch { return nil }
      usleep(10_000)
    }
    return nil
  }
}
