import Common
import Glibc

/// Gives the unpacked bytes of an archive, piece by piece.
protocol ByteSource: AnyObject {
  /// The archive, as texts name it.
  var path: String { get }
  /// Fills as much of `buffer` as there is; 0 at the end, when everything about the source has been checked.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Bytes of the file that have been used.
  var position: Int64 { get }
}

/// A file read from its beginning, with a position of its own: the descriptor may be shared.
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
