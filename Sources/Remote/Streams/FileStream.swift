import Common
import Glibc

/// A file of this machine as a stream.
public final class FileStream: StreamSource {
  public let path: String
  public let size: Int64
  private let descriptor: Int32
  private var position: Int64 = 0
  private static let piece = 1 << 17

  /// - Throws: `.archive` if it does not exist; `.file` if it cannot be read, or is no regular file.
  public init(_ path: String) throws {
    self.path = path
    descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be read", errno: errno, family: .archive)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(descriptor)
      throw PlainFailure(
        .file, SafeText.clean(path, limit: .path), "is no file, and cannot be sent to another machine",
        remedy: "give the archive itself, not a folder")
    }
    size = Int64(status.st_size)
  }

  deinit { Glibc.close(descriptor) }

  public func open(at offset: Int64) throws { position = offset }

  public func next() throws -> StreamPiece {
    while true {
      var code: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
        let got = pread(descriptor, buffer.baseAddress, Self.piece, off_t(position))
        code = got < 0 ? errno : 0
        count = max(0, got)
      }
      if code == EINTR { continue }
      guard code == 0 else {
        throw PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be read", errno: code)
      }
      guard bytes.isEmpty else {
        position += Int64(bytes.count)
        return .bytes(bytes)
      }
      return .end(StreamEnd(size: position, sha256: try Digest.hexadecimal(ofFile: path)))
    }
  }

  public func acknowledge(_ offset: Int64) {}
  public func finish() {}
  public func close() {}
}
