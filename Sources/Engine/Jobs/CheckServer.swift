import Common
import FoundationEssentials
import Glibc
import Operations
import Synchronization

/// The process of a ``CheckProcess``: handles requests on its standard input until it becomes a job.
///
/// A request is a line of JSON, and so is its answer:
///
///     {"check":{"import":{…}}}     {"findings":[…]} or {"failure":{…}}
///     {"run":"/path/of/the/job"}   {"started":true}
///
/// Before the findings, any number of lines say how far the check is: `{"fraction":0.34}`.
public enum CheckServer {
  /// The argument of the command ``JobProcess/command``, instead of a job's folder.
  public static let argument = "--checks"

  /// Returns at the end of the input, on request, or at the end of the job.
  ///
  /// - Throws: the failure of the job, which is in its journal too.
  public static func run(cancellation: Cancellation) throws {
    let preparation = Preparation()
    let observer = CheckObserver(cancellation: cancellation, report: report(to: STDOUT_FILENO))
    defer { preparation.clear() }
    var requests = CheckLineReader(STDIN_FILENO)
    while let request: CheckRequest = requests.next(isCancelled: { cancellation.isCancelled }) {
      switch request {
      case .check(let operation):
        guard CheckLine.write(answer(to: operation, preparation, observer), to: STDOUT_FILENO) else { return }
      case .run(let path):
        let folder = JobFolder(path)
        guard CheckLine.write(CheckAnswer.started, to: STDOUT_FILENO) else { return }
        try disconnect(folder)
        try JobProcess.run(folder, cancellation: cancellation, preparation: preparation)
        return
      }
    }
  }

  private static func answer(
    to operation: any PreparedOperation, _ preparation: Preparation, _ observer: CheckObserver
  ) -> CheckAnswer {
    do {
      return .findings(try operation.check(keeping: preparation, observer))
    } catch {
      return .failure(FailureReport(error))
    }
  }

  /// Sends at most one line for each percent.
  private static func report(to descriptor: Int32) -> CheckObserver.FractionReport {
    let sent = Mutex(-1)
    return { fraction in
      let percent = Int(min(1, max(0, fraction)) * 100)
      sent.withLock { sent in
        guard sent != percent else { return }
        sent = percent
        _ = CheckLine.write(CheckAnswer.fraction(fraction), to: descriptor)
      }
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
  /// Not the last line of the answer: how far the check is, from 0 to 1.
  case fraction(Double)
  case findings([Finding])
  case failure(FailureReport)
  case started

  private enum Key: CodingKey { case fraction, findings, failure, started }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let fraction = try container.decodeIfPresent(Double.self, forKey: .fraction) {
      self = .fraction(fraction)
    } else if let findings = try container.decodeIfPresent([Finding].self, forKey: .findings) {
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
    case .fraction(let fraction): try container.encode(fraction, forKey: .fraction)
    case .findings(let findings): try container.encode(findings, forKey: .findings)
    case .failure(let report): try container.encode(report, forKey: .failure)
    case .started: try container.encode(true, forKey: .started)
    }
  }
}
