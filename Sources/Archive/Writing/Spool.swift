import Common
import Glibc

/// Buffers data until its size is known: a little in memory, more in an unnamed file.
public struct Spool: ~Copyable {
  private static let memory = 4 << 20

  private let folder: String
  private var held: [UInt8] = []
  private var file: Int32 = -1
  /// The size so far in bytes.
  public private(set) var size: Int64 = 0

  init(folder: String) { self.folder = folder }

  deinit { if file >= 0 { close(file) } }

  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    if held.count + bytes.count > Self.memory { try flush() }
    if bytes.count > Self.memory {
      try openFile()
      try FileSystem.writeAll(file, bytes, path: folder)
    } else {
      held.append(contentsOf: bytes)
    }
    size += Int64(bytes.count)
  }

  public mutating func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  func copy(to sink: inout MemberSink) throws {
    if file >= 0 {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
      defer { buffer.deallocate() }
      var offset: Int64 = 0
      let inFile = size - Int64(held.count)
      while offset < inFile {
        let count = pread(file, buffer.baseAddress, buffer.count, off_t(offset))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw PlainFailure.system(folder, "cannot be read", errno: errno) }
        try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        offset += Int64(count)
      }
    }
    try sink.write(held)
  }

  private mutating func flush() throws {
    guard !held.isEmpty else { return }
    try openFile()
    try held.withUnsafeBytes { try FileSystem.writeAll(file, $0, path: folder) }
    held.removeAll(keepingCapacity: true)
  }

  private mutating func openFile() throws {
    guard file < 0 else { return }
    file = FileSystem.scratch(in: folder)
    guard file >= 0 else { throw PlainFailure.system(folder, "cannot be written", errno: errno) }
  }
}
