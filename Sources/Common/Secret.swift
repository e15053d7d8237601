/// A value that is never printed: not by its description, debug description or reflection.
///
/// Only ``reveal()`` returns it, so that every use can be found by that name.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  public init(_ value: String) {
    self.value = value
  }

  /// Returns the secret. Must not be used for a log, an argument list or an error.
  public func reveal() -> String { value }

  /// Compares bytes: two spellings of a character are different passwords.
  public static func == (one: Secret, other: Secret) -> Bool { one.value.utf8.elementsEqual(other.value.utf8) }

  public var description: String { "(secret)" }
  public var debugDescription: String { "(secret)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
