import Common
import FoundationEssentials
import Glibc
import Operations

/// The process of a ``CheckProcess``: handles requests on its standard input until it becomes a job.
///
/// A request is a line of JSON, and so is its answer:
///
///     {"check":{"import":{…}}}     {"findings":[…]} or {"failure":{…}}
///     {"run":"/path/of/the/job"}   {"started":true}
public enum CheckServer {
  /// The argument of the command ``JobProcess/command``, instead of a job's folder.
  public static let argument = "--checks"

  /// Returns at the end of the input, on request, or at the end of the job.
  ///
  /// - Throws: the failure of the job, which is in its journal too.
  public static func run(cancellation: Cancellation) throws {
    let preparation = Preparation(cancellation: cancellation)
    defer { preparation.clear() }
    while let request: CheckRequest = CheckLine.read(from: STDIN_FILENO, cancellation: cancellation) {
      switch request {
      case .check(let operation):
        guard CheckLine.write(answer(to: operation, preparation), to: STDOUT_FILENO) else { return }
      case .run(let path):
        let folder = JobFolder(path)
        guard CheckLine.write(CheckAnswer.started, to: STDOUT_FILENO) else { return }
        try disconnect(folder)
        try JobProcess.run(folder, cancellation: cancellation, preparation: preparation)
        return
      }
    }
  }

  private static func answer(to operation: any PreparedOperation, _ preparation: Preparation) -> CheckAnswer {
    do {
      return .findings(try operation.check(keeping: preparation))
    } catch {
      return .failure(FailureReport(error))
    }
  }

  /// Replaces the streams by those of a job: no input, and all output in its log.
  private static func disconnect(_ folder: JobFolder) throws {
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    let log = open(folder.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard null >= 0, log >= 0 else { throw PlainFailure.system(folder.log, "cannot be written", errno: errno) }
    for (descriptor, stream) in [(null, STDIN_FILENO), (log, STDOUT_FILENO), (log, STDERR_FILENO)] {
      dup2(descriptor, stream)
    }
    close(null)
    close(log)
  }
}

enum CheckRequest: Codable {
  case check(any PreparedOperation)
  case run(String)

  private enum Key: CodingKey { case check, run }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let path = try container.decodeIfPresent(String.self, forKey: .run) {
      self = .run(path)
      return
    }
    guard let operation = try container.decode(StoredOperation.self, forKey: .check).operation as? any PreparedOperation
    else { throw DecodingError.dataCorrupted(.init(codingPath: [Key.check], debugDescription: "it keeps nothing")) }
    self = .check(operation)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .check(let operation): try container.encode(StoredOperation(operation), forKey: .check)
    case .run(let path): try container.encode(path, forKey: .run)
    }
  }
}

enum CheckAnswer: Codable {
  case findings([Finding])
  case failure(FailureReport)
  case started

  private enum Key: CodingKey { case findings, failure, started }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let findings = try container.decodeIfPresent([Finding].self, forKey: .findings) {
      self = .findings(findings)
    } else if let report = try container.decodeIfPresent(FailureReport.self, forKey: .failure) {
      self = .failure(report)
    } else {
      _ = try container.decode(Bool.self, forKey: .started)
      self = .started
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .findings(let findings): try container.encode(findings, forKey: .findings)
    case .failure(let report): try container.encode(report, forKey: .failure)
    case .started: try container.encode(true, forKey: .started)
    }
  }
}

/// Lines of JSON through a socket.
enum CheckLine {
  /// The findings of a check are far shorter.
  private static let longest = 64 << 20

  /// - Returns: false if it cannot be sent, for example because the other process has ended.
  static func write(_ value: some Encodable, to descriptor: Int32) -> Bool {
    guard let line = try? JSONEncoder().encode(value) else { return false }
    var rest = Array(line + [0x0A])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Waits for a line.
  ///
  /// - Returns: nil at the end of the input, after a cancellation, or if the line is not valid.
  static func read<Value: Decodable>(from descriptor: Int32, cancellation: Cancellation? = nil) -> Value? {
    var line: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while line.count < longest {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard cancellation?.isCancelled != true else { return nil }
      // A signal does not end the wait: its handler sets the cancellation.
      guard poll(&waiting, 1, 1000) > 0 else { continue }
      // One request is answered before the next one is sent: nothing follows the line.
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      line += chunk[..<count]
      if line.last == 0x0A { return try? JSONDecoder().decode(Value.self, from: Data(line)) }
    }
    return nil
  }
}
