import CSystem
import Glibc

/// Basic file operations that are complete or have no effect.
public enum FileSystem {
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Returns the last part of a path: the name of the file or folder. Empty for "/" and "".
  public static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

  /// Returns the folder of a path: "/" for entries of the root, "." for a name alone.
  public static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// The current working directory; nil if it was deleted.
  public static var current: String? {
    guard let current = getcwd(nil, 0) else { return nil }
    defer { free(current) }
    return String(cString: current)
  }

  /// Returns the absolute path of a typed one: relative to the working directory, or with `~`, see ``TypedPath``. `.` and
  /// `..` in it are resolved through the links of their folders; a link in the last place is kept, as it was typed.
  public static func absolute(_ path: String) -> String {
    let path = TypedPath.resolved(path)
    let names = path.split(separator: "/")
    guard names.contains(where: { $0 == "." || $0 == ".." }), let last = names.last else { return path }
    guard last != ".", last != ".." else { return resolved(path) }
    let folder = resolved(String(path[..<last.startIndex]))
    return "\(folder == "/" ? "" : folder)/\(path[last.startIndex...])"
  }

  /// Returns the free bytes on the file system of `path`, or of its nearest existing parent; nil if it is not known, and
  /// for a file system that stores no files, see ``storesFiles(_:)``.
  public static func freeBytes(_ path: String) -> Int64? {
    var probe = path
    while !exists(probe) {
      guard let slash = probe.lastIndex(of: "/"), slash > probe.startIndex else { return nil }
      probe = String(probe[..<slash])
    }
    guard storesFiles(probe) else { return nil }
    let bytes = csystem_free_bytes(probe)
    return bytes < 0 ? nil : bytes
  }

  /// Returns whether files can be created on the file system of `path`. The kernel's own ones, such as `/proc` and `/sys`,
  /// store none, although their permissions allow it.
  public static func storesFiles(_ path: String) -> Bool {
    !kernelFileSystems.contains(csystem_filesystem_type(path))
  }

  /// The types of proc, sysfs, cgroup, cgroup2, debugfs, tracefs, securityfs, devpts, bpf and pstore, as `statfs` gives
  /// them.
  private static let kernelFileSystems: Set<Int> = [
    0x9FA0, 0x6265_6572, 0x27_E0EB, 0x6367_7270, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x1CD1, 0xCAFE_4A11,
    0x6165_676C,
  ]

  /// Returns the content of a small file.
  ///
  /// - Throws: `.file` if it cannot be read, or is larger than `limit` bytes.
  public static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(descriptor) }
    return try read(descriptor, path, limit: limit)
  }

  private static func read(_ descriptor: Int32, _ path: String, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[0..<count])
      guard bytes.count <= limit else {
        throw PlainFailure(.file, path, "is larger than \(limit >> 20) MiB, which no such file should be")
      }
    }
  }

  /// Returns the content of a small regular file. Unlike ``read(_:limit:)``, it never waits for the writer of a pipe or for
  /// a device.
  ///
  /// - Throws: `.file` if it cannot be read, is no regular file, or is larger than `limit` bytes.
  public static func readRegular(_ path: String, limit: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw PlainFailure(.file, path, kind == S_IFDIR ? "it is a folder, not a file" : "it is not a regular file")
    }
    return try read(descriptor, path, limit: limit)
  }

  /// Returns the last bytes of a file, at most `bytes`.
  public static func readEnd(_ path: String, bytes: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(descriptor) }
    let size = max(0, lseek(descriptor, 0, SEEK_END))
    let start = max(0, size - off_t(bytes))
    var end = [UInt8](repeating: 0, count: Int(size - start))
    var filled = 0
    while filled < end.count {
      let count = end.withUnsafeMutableBytes { buffer in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        return pread(descriptor, rest.baseAddress, rest.count, start + off_t(filled))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
      if count == 0 { break }
      filled += count
    }
    return Array(end[..<filled])
  }

  /// Writes all bytes, with as many calls as needed.
  public static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard let start = bytes.baseAddress else { return }
    var written = 0
    while written < bytes.count {
      let count = Glibc.write(descriptor, start + written, bytes.count - written)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw PlainFailure.system(path, "cannot be written", errno: errno) }
      written += count
    }
  }

  /// Creates a folder and its parents, with mode 0700 by default.
  public static func makeFolder(_ path: String, mode: mode_t = 0o700) throws {
    if isFolder(path) { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try makeFolder(String(path[..<slash]), mode: mode)
    }
    guard mkdir(path, mode) == 0 || errno == EEXIST else {
      throw PlainFailure.system(path, "the folder cannot be made", errno: errno)
    }
  }

  /// Replaces a file atomically: readers see the old or the new content, also after a power loss.
  public static func replace(_ path: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600) throws {
    let temporary = "\(path).\(RandomText.alphanumeric(8)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be written", errno: errno) }
    do {
      defer { close(descriptor) }
      try Array(bytes).withUnsafeBytes { try writeAll(descriptor, $0, path: path) }
      guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
        throw PlainFailure.system(path, "cannot be written", errno: errno)
      }
      guard rename(temporary, path) == 0 else {
        throw PlainFailure.system(path, "cannot be put in place", errno: errno)
      }
      try syncFolder(of: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Syncs the folder of `path`, so that a rename in it survives a power loss.
  public static func syncFolder(of path: String) throws {
    let folder = folder(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlainFailure.system(folder, "cannot be opened", errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw PlainFailure.system(folder, "cannot be synced", errno: errno) }
  }

  /// Deletes a file or a folder with its content; a missing one is no error. Links are deleted and not followed; links
  /// in the parents are followed by the rules of ``OpenFolder``.
  public static func removeTree(_ path: String) throws {
    guard lexists(path) else { return }
    var parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    guard let name = parts.popLast(), name != ".", name != ".." else {
      throw PlainFailure.system(path, "cannot be removed", errno: EINVAL)
    }
    let parent = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    try OpenFolder(parent.isEmpty ? "." : parent).removeTree(name)
  }

  /// Returns the target of a symbolic link; nil if the path is not a link.
  public static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { room in
      room.baseAddress.map { readlink(path, $0, room.count) } ?? -1
    }
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
  }

  /// Returns whether the path exists, even as a dangling link.
  public static func lexists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Returns the names in a folder, sorted, without `.` and `..`.
  public static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw PlainFailure.system(path, "cannot be listed", errno: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Returns the names in a folder; empty if it does not exist.
  ///
  /// - Throws: `.file` if it cannot be looked at, or is no folder: that does not mean that it is empty.
  public static func namesIfPresent(in path: String) throws -> [String] {
    var status = stat()
    if lstat(path, &status) != 0, errno == ENOENT { return [] }
    return try names(in: path)
  }

  /// Returns whether an entry exists.
  ///
  /// - Throws: `.file` if that cannot be found out, for example without the right to read its folder.
  public static func isPresent(_ path: String) throws -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw PlainFailure.system(path, "cannot be looked at", errno: errno)
    }
    return false
  }

  /// Syncs the file system of an open file to disk; returns false with `errno` on failure.
  public static func syncFileSystem(of descriptor: Int32) -> Bool { csystem_sync_filesystem(descriptor) == 0 }
}
