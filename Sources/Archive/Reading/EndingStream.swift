import Common

/// A stream that ends where its source reports damage, instead of failing: the bytes before it are still useful.
final class EndingStream: ByteStream {
  private let stream: any ByteStream
  /// The reported damage; nil without any.
  private(set) var fault: String?

  init(_ stream: any ByteStream) { self.stream = stream }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard fault == nil else { return 0 }
    do {
      return try stream.read(into: buffer)
    } catch let failure as any Failure where failure.family == .damagedArchive {
      fault = failure.reason
      return 0
    }
  }
}
