import Common

/// One thing that this program does to a server, in the three steps that every front end shows.
///
/// An operation is a plain value: what it needs is in its properties, so that a job's process can be given it as text.
/// It runs on the caller's thread, prints nothing and knows no screen.
public protocol Operation: Sendable {
  /// Short and stable: "export".
  var name: String { get }

  /// Looks at everything that could go wrong and changes nothing. Throws only where it cannot even look.
  func check() throws -> [Finding]

  /// What would be done. Changes nothing.
  func plan() throws -> Plan

  /// Does it. Begins with its own checks and throws ``Blocked`` where one forbids it. Cancelling or failing leaves
  /// everything as it was before.
  func run(progress: Progress) throws -> Summary
}
