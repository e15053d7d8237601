import Common
import Glibc

/// A file to be archived.
///
/// Its beginning is read before anything is written, so that an unreadable file does not damage the archive.
final class SourceFile {
  let size: Int64
  let modified: Int64
  private let name: String
  private let descriptor: Int32
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
  private var first = 0

  private static let chunk = 1 << 20

  init(name: String, descriptor: Int32) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw UnreadableFile(name: name, reason: "cannot be read: \(SystemError.text(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw UnreadableFile(name: name, reason: "is not a plain file")
    }
    self.name = name
    self.descriptor = descriptor
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec)
    first = try Self.read(descriptor, into: buffer, at: 0, name: name)
    // The file is completely in memory: later changes have no effect.
    guard first == min(Int64(Self.chunk), size) else {
      throw UnreadableFile(name: name, reason: "changed while it was being read")
    }
  }

  deinit { buffer.deallocate() }

  func copy(to sink: inout MemberSink) throws {
    try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<first]))
    var offset = Int64(first)
    while offset < size {
      let count = try Self.read(descriptor, into: buffer, at: offset, name: name)
      guard count > 0 else { throw WrongSize(name: name, said: size, came: offset) }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += Int64(count)
    }
    // One additional byte shows that the file has grown.
    let probe = UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])
    if try Self.read(descriptor, into: probe, at: size, name: name) > 0 {
      throw WrongSize(name: name, said: size, came: nil)
    }
  }

  /// Fills the buffer up to the end of the file.
  private static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64, name: String
  ) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let position = off_t(offset) + filled
      let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, position)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw UnreadableFile(name: name, reason: "cannot be read: \(SystemError.text(errno))")
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
