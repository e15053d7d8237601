import Common

/// The reason why an image could not be converted.
public struct PictureFailure: Failure, Equatable {
  public enum Cause: Sendable, Equatable {
    /// The first bytes belong to no supported format.
    case unknownFormat
    /// The size in the header exceeds the limit; nothing was decoded.
    case tooLarge(width: Int, height: Int)
    /// The file exceeds the limit in bytes.
    case tooManyBytes(Int)
    /// The file is truncated, or violates its format.
    case damaged
    case outOfMemory
  }

  public let cause: Cause

  public init(_ cause: Cause) { self.cause = cause }

  public var family: FailureFamily { .file }
  public var subject: String { "picture" }
  public var reason: String {
    switch cause {
    case .unknownFormat: "it is no PNG, JPEG, GIF, WebP or BMP"
    case .tooLarge(let width, let height):
      "it claims to have \(width) × \(height) pixels, more than the \(PictureHeader.maximalPixels / 1_000_000) "
        + "megapixels that are read"
    case .tooManyBytes(let count): "it has \(count >> 20) MiB, which no such picture should"
    case .damaged: "it is damaged"
    case .outOfMemory: "there is not enough memory for it"
    }
  }
  public var remedy: String? { nil }
}
