import Common

/// Why a picture was not made.
public struct PictureFailure: Failure, Equatable {
  public enum Cause: Sendable, Equatable {
    /// No format that is read here, by its first bytes.
    case unknownFormat
    /// The header says so; nothing was decoded.
    case tooLarge(width: Int, height: Int)
    /// The file itself has more bytes than any picture should.
    case tooManyBytes(Int)
    /// It ends early, or holds what its format does not allow.
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
