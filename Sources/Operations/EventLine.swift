import FoundationEssentials

/// Encodes a progress event as one line of JSON, and decodes it:
/// `{"event":"advanced","id":"messages","done":100,"total":559,…}`.
public enum EventLine {
  /// The version of the format, in every line. Fields and kinds of events can be added to it; the meaning of existing
  /// ones does not change.
  public static let version = 1

  /// Returns the line without a line break.
  ///
  /// - Parameter moment: the time of the event, ISO 8601 in UTC; nil omits it.
  public static func encode(_ event: ProgressEvent, at moment: String? = nil) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var fields = Fields(event)
    fields.at = moment
    guard let data = try? encoder.encode(fields) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  /// Returns nil if the line is not an event, or is an event of a later version.
  public static func decode(_ line: String) -> ProgressEvent? {
    (try? JSONDecoder().decode(Fields.self, from: Data(line.utf8)))?.event
  }

  /// The fields of all kinds of events; each kind uses some of them.
  private struct Fields: Codable {
    var event_: String
    /// Nil in journals of earlier versions.
    var version: Int? = EventLine.version
    var at: String?
    var id: String?
    var title: String?
    var done: Int64?
    var total: Int64?
    var unit: ProgressEvent.Unit?
    var text: String?
    var summary: Summary?
    var failure: FailureReport?

    enum CodingKeys: String, CodingKey {
      case event_ = "event"
      case version, at, id, title, done, total, unit, text, summary, failure
    }

    init(_ event: ProgressEvent) {
      switch event {
      case .phaseStarted(let id, let title, let total, let unit):
        event_ = "phase-started"
        self.id = id
        self.title = title
        self.total = total
        self.unit = unit
      case .advanced(let id, let done, let total, let unit):
        event_ = "advanced"
        self.id = id
        self.done = done
        self.total = total
        self.unit = unit
      case .note(let text):
        event_ = "note"
        self.text = text
      case .warning(let text):
        event_ = "warning"
        self.text = text
      case .phaseEnded(let id):
        event_ = "phase-ended"
        self.id = id
      case .finished(let summary):
        event_ = "finished"
        self.summary = summary
      case .failed(let failure):
        event_ = "failed"
        self.failure = failure
      }
    }

    /// The event; nil for unknown kinds, and for amounts that are negative or too large to be multiplied by 100.
    var event: ProgressEvent? {
      let amounts: ClosedRange<Int64> = 0...1 << 56
      guard done.map(amounts.contains) ?? true, total.map(amounts.contains) ?? true else { return nil }
      switch event_ {
      case "phase-started":
        guard let id, let title, let unit else { return nil }
        return .phaseStarted(id: id, title: title, total: total, unit: unit)
      case "advanced":
        guard let id, let done, let unit else { return nil }
        return .advanced(id: id, done: done, total: total, unit: unit)
      case "note": return text.map { .note($0) }
      case "warning": return text.map { .warning($0) }
      case "phase-ended": return id.map { .phaseEnded(id: $0) }
      case "finished": return summary.map { .finished($0) }
      case "failed": return failure.map { .failed($0) }
      default: return nil
      }
    }
  }
}
