/// A phase of an operation: listed in the plan, shown by a progress bar, and named in events.
///
/// An operation declares its phases as one enum. The plan and the run use the same cases, so that identifier, title and
/// weight are defined once.
public protocol OperationPhase: Sendable {
  /// The identifier, stable within the operation and stored in journals: "messages".
  var id: String { get }
  /// An imperative title: "Export messages".
  var title: String { get }
  /// The expected duration relative to the other phases of the operation, for the overall progress; 1 if it was not
  /// measured.
  ///
  /// Measured weights are tenths of a second, from journals of jobs with 200,000 messages, 1.9 million rows and few
  /// files, on two cores and a new server. Phases of the server's scripts were not measured.
  var weight: Double { get }
  /// Whether the phase belongs to the checks: it reads what was requested and changes nothing. An operation that is
  /// refused in or right after such a phase has not begun, see ``Progress/hasBegun``.
  var isCheck: Bool { get }
}

extension OperationPhase {
  public var weight: Double { 1 }
  public var isCheck: Bool { false }
}

extension OperationPhase where Self: RawRepresentable, RawValue == String {
  public var id: String { rawValue }
}
