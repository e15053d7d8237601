/// A part of an operation that takes time: what a plan lists, what a progress bar shows, and what events name.
///
/// An operation declares its phases as one enum; the plan and the run use the same cases, so that identifier, title and
/// weight are written once.
public protocol OperationPhase: Sendable {
  /// Stable within the operation; written to journals. "messages".
  var id: String { get }
  /// For people, as an order: "Export messages".
  var title: String { get }
  /// The expected duration compared with the operation's other phases, for the overall progress bar; 1 where it was not
  /// measured.
  ///
  /// Measured weights are tenths of a second, from the journals of jobs with 200,000 messages, 1.9 million rows and few
  /// files, on two cores and into a fresh server. Phases of the server's own scripts were not measured.
  var weight: Double { get }
}

extension OperationPhase {
  public var weight: Double { 1 }
}

extension OperationPhase where Self: RawRepresentable, RawValue == String {
  public var id: String { rawValue }
}
