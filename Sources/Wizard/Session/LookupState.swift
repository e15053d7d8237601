import Common

/// The state of a lookup.
struct LookupState: Sendable {
  enum Phase: Sendable {
    case looking(ticket: Int, cancellation: Cancellation)
    case ready(LookupResult)
    case failed(Trouble)
  }

  /// The answers that it depends on.
  let key: String
  let phase: Phase

  var ticket: Int? {
    if case .looking(let ticket, _) = phase { ticket } else { nil }
  }
}

extension FlowSession {
  /// What the lookup of the step is doing: "Reading the archive … 34 %".
  ///
  /// - Parameter ellipsis: of the terminal.
  func activity(_ ellipsis: String) -> String? {
    guard let lookup = step.lookup else { return nil }
    return "\(lookup.busy)\(ellipsis)" + (lookupFraction.map { " \(Int($0 * 100)) %" } ?? "")
  }
}
