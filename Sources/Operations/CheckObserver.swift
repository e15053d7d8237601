import Archive
import Common

/// The connection of a running check, or of a plan, to its front end: how far it is, and the operator's request to stop.
public struct CheckObserver: Sendable {
  /// Receives the finished fraction, from 0 to 1.
  public typealias FractionReport = @Sendable (Double) -> Void

  public let cancellation: Cancellation
  private let report: FractionReport
  /// The share of the whole check that the reported fractions are of.
  private let share: ClosedRange<Double>

  public init(cancellation: Cancellation = Cancellation(), report: @escaping FractionReport = { _ in }) {
    self.init(cancellation, share: 0...1, report)
  }

  private init(_ cancellation: Cancellation, share: ClosedRange<Double>, _ report: @escaping FractionReport) {
    self.cancellation = cancellation
    self.share = share
    self.report = report
  }

  /// Returns the observer of a part of the check.
  ///
  /// - Parameter share: the part, within 0 to 1 of this observer's share.
  package func part(_ share: ClosedRange<Double>) -> CheckObserver {
    let length = self.share.upperBound - self.share.lowerBound
    let bounds = (share.lowerBound, share.upperBound)
    return CheckObserver(
      cancellation, share: self.share.lowerBound + bounds.0 * length...self.share.lowerBound + bounds.1 * length, report
    )
  }

  /// Reports the finished fraction, from 0 to 1.
  package func advance(to fraction: Double) {
    report(share.lowerBound + min(1, max(0, fraction)) * (share.upperBound - share.lowerBound))
  }

  /// Reports that `done` of `total` are finished; nothing if the total is unknown.
  package func advance(to done: Int64, of total: Int64) {
    guard total > 0 else { return }
    advance(to: Double(done) / Double(total))
  }

  /// A callback for a reader that reports its bytes read and total.
  ///
  /// - Throws: from the callback, ``Common/Cancelled`` once the operator has requested to stop.
  public func follow() -> ByteProgress {
    { done, total in
      try cancellation.check()
      advance(to: done, of: total)
    }
  }
}

/// An operation whose check, and possibly its plan, can take long, because it reads an archive.
public protocol ObservedCheck: Runnable {
  /// Checks like ``Runnable/check()``, reports how far it is, and ends early on request.
  ///
  /// - Throws: ``Common/Cancelled`` once the operator has requested to stop.
  func check(_ observer: CheckObserver) throws -> [Finding]

  /// Plans like ``Runnable/plan()``, reports how far it is, and ends early on request. By default it does neither.
  ///
  /// - Throws: ``Common/Cancelled`` once the operator has requested to stop.
  func plan(_ observer: CheckObserver) throws -> Plan
}

extension ObservedCheck {
  public func check() throws -> [Finding] { try check(CheckObserver()) }
  public func plan(_ observer: CheckObserver) throws -> Plan { try plan() }
}
