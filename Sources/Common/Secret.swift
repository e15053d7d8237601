/// A value that cannot be printed: no description, no debug description, no reflection shows it.
///
/// It leaves this type only through ``reveal()``, so that every use can be found by that name.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  public init(_ value: String) {
    self.value = value
  }

  /// The secret itself. Never for a log, an argument list or an error.
  public func reveal() -> String { value }

  /// By bytes: two spellings of one character are two passwords.
  public static func == (one: Secret, other: Secret) -> Bool { one.value.utf8.elementsEqual(other.value.utf8) }

  public var description: String { "(secret)" }
  public var debugDescription: String { "(secret)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
