import Common
import Glibc

/// Provides the unpacked bytes of an archive in pieces.
protocol ByteSource: AnyObject {
  /// The path of the archive for messages.
  var path: String { get }
  /// Fills `buffer` as far as possible; returns 0 at the end, after all checks of the source.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// The number of consumed bytes of the file.
  var position: Int64 { get }
}

/// Reads a file from its beginning with its own position: the descriptor can be shared.
final class FileSource: ByteSource {
  let path: String
  let descriptor: Int32
  private(set) var position: Int64 = 0

  init(_ descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(position))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw PlainFailure.system(path, "cannot be read at byte \(position)", errno: errno, family: .archive)
      }
      if count == 0 { break }
      filled += count
      position += Int64(count)
    }
    return filled
  }
}
