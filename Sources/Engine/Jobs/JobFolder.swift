import Common
import FoundationEssentials
import Glibc
import Operations

/// The folder of a job on disk, with everything that is known about it:
/// - `job.json`: the operation, its operator and its start. Written before the job starts, never changed.
/// - `journal.jsonl`: all progress events, one JSON object per line, appended immediately.
/// - `lock`: locked by the job's process while it runs.
/// - `log`: the standard streams of the process.
public struct JobFolder: Sendable {
  public let path: String
  let catalog: OperationCatalog

  /// - Parameter catalog: the operations that its header can contain.
  public init(_ path: String, catalog: OperationCatalog = .standard) {
    self.path = path
    self.catalog = catalog
  }

  /// The content of `job.json`.
  public struct Header: Sendable, Codable {
    public var operation: any Operation
    public var plan: Plan?
    /// The user who started the job; ``terminal`` is the user's terminal.
    public var operator_: String
    public var terminal: String?
    /// ISO 8601, in UTC.
    public var started: String

    private enum CodingKeys: String, CodingKey {
      case operation = "description"
      case plan
      case operator_ = "operator"
      case terminal, started
    }

    init(_ operation: any Operation, plan: Plan?) {
      self.operation = operation
      self.plan = plan
      operator_ = Operator.name
      terminal = Operator.terminal
      started = Timestamp.iso(microseconds: Timestamp.now())
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      operation = try container.decode(StoredOperation.self, forKey: .operation).operation
      plan = try container.decodeIfPresent(Plan.self, forKey: .plan)
      operator_ = try container.decode(String.self, forKey: .operator_)
      terminal = try container.decodeIfPresent(String.self, forKey: .terminal)
      started = try container.decode(String.self, forKey: .started)
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(StoredOperation(operation), forKey: .operation)
      try container.encodeIfPresent(plan, forKey: .plan)
      try container.encode(operator_, forKey: .operator_)
      try container.encodeIfPresent(terminal, forKey: .terminal)
      try container.encode(started, forKey: .started)
    }

    /// In the first version the options of an operation were stored by position: `_0`, `_1`.
    fileprivate static func key(_ path: [any CodingKey]) -> any CodingKey {
      let name = path[path.count - 1].stringValue
      let isUnnamed =
        path.count == 3 && path[0].stringValue == CodingKeys.operation.rawValue && name.hasPrefix("_")
        && Int(name.dropFirst()) != nil
      return isUnnamed ? Options.options : path[path.count - 1]
    }

    private enum Options: String, CodingKey { case options }
  }

  /// The state of a job.
  public enum State: Sendable, Equatable {
    case running
    case finished(Summary)
    case failed(FailureReport)
    /// The process ended without recording a result (killed, or the machine failed). Its effects are either fully
    /// applied or absent.
    case lost
  }

  /// The name of the folder; ascending with time.
  public var id: String { FileSystem.name(of: path) }

  var journal: String { "\(path)/journal.jsonl" }
  var lock: String { "\(path)/lock" }
  public var log: String { "\(path)/log" }
  private var header: String { "\(path)/job.json" }

  // MARK: Making

  static func make(
    _ operation: any Operation, plan: Plan?, below parent: String, catalog: OperationCatalog
  ) throws -> JobFolder {
    let stamp = Timestamp.iso(microseconds: Timestamp.now()).filter { $0.isNumber || $0 == "T" }.prefix(15)
    let folder = JobFolder("\(parent)/\(stamp)-\(RandomText.alphanumeric(4).lowercased())", catalog: catalog)
    try FileSystem.makeFolder(folder.path)
    let header = Header(operation, plan: plan)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try FileSystem.replace(folder.header, with: Array(try encoder.encode(header)))
    return folder
  }

  // MARK: Reading

  public func readHeader() throws -> Header {
    do {
      let decoder = JSONDecoder()
      if let key = StoredOperation.catalog { decoder.userInfo[key] = catalog }
      decoder.keyDecodingStrategy = .custom(Header.key)
      return try decoder.decode(Header.self, from: Data(try FileSystem.read(header)))
    } catch let failure as PlainFailure {
      throw failure
    } catch {
      throw PlainFailure(.file, header, "is not readable", remedy: "it may belong to another version of this program")
    }
  }

  /// Returns all events so far.
  public func events() -> [ProgressEvent] {
    guard let bytes = try? FileSystem.read(journal, limit: 256 << 20) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { EventLine.decode(String($0)) }
  }

  public func state() -> State {
    // Checked before the journal is read: a job that ends in between has written its last event by then.
    let isAlive = isLocked
    if let end = end(of: latestEvents) ?? (isAlive ? nil : end(of: events())) { return end }
    return isAlive ? .running : .lost
  }

  private func end(of events: [ProgressEvent]) -> State? {
    for event in events.reversed() {
      switch event {
      case .finished(let summary): return .finished(summary)
      case .failed(let failure): return .failed(failure)
      default: continue
      }
    }
    return nil
  }

  /// The events at the end of the journal, for lists of jobs. The first line can be truncated.
  private var latestEvents: [ProgressEvent] {
    guard let bytes = try? FileSystem.readEnd(journal, bytes: 1 << 16) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { EventLine.decode(String($0)) }
  }

  /// Whether a check has refused the job: it changed nothing and cannot be resumed.
  var wasRefused: Bool {
    if case .failed(let failure) = state(),
      failure.refused == true || failure.exitCode == FailureFamily.blocked.rawValue
    {
      return true
    }
    return !hasBegun
  }

  /// Whether the operation had started before the job ended.
  private var hasBegun: Bool {
    // A job that has not started has a short journal.
    guard let size = FileSystem.size(journal), size < 1 << 16 else { return true }
    return latestEvents.contains { event in
      if case .phaseStarted = event { true } else { false }
    }
  }

  /// Whether the job's process is alive.
  var isLocked: Bool {
    guard FileSystem.exists(lock) else { return false }
    return (try? FileLock(lock)) == nil
  }
}

/// The user of this process.
enum Operator {
  static var name: String {
    // With sudo, the user who called it counts, not root.
    for variable in ["SUDO_USER", "LOGNAME", "USER"] {
      if let value = getenv(variable).map({ String(cString: $0) }), !value.isEmpty { return SafeText.clean(value) }
    }
    return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(getuid())"
  }

  static var terminal: String? { ttyname(0).map { SafeText.clean(String(cString: $0)) } }
}
