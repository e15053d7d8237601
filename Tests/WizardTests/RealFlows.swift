import Common
import Postgres
import Sandbox
import Testing

@testable import Wizard

/// Walks through flows on throw-away servers with given answers. The engine does the work.
struct RealFlows {
  static let sandbox = Result { try Sandbox.temporary() }

  let server: SandboxServer

  /// Creates a fresh server with the book club.
  init(messages: Int = 30) throws {
    server = try Self.sandbox.get().makeServer("flow\(RandomText.alphanumeric(8).lowercased())")
    if messages > 0 { try server.add(SampleOrganization(.bookclub, messages: messages)) }
  }

  var context: FlowContext {
    FlowContext(root: server.root, label: server.host, isTest: true, engine: .real(brand: nil))
  }

  func value(_ query: String) throws -> String? { try server.connect().value(query) }

  var scriptLog: String { (try? FileSystem.read(server.scriptLog)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

  /// - Returns: the result as the operator reads it.
  @discardableResult
  func run(_ flow: Flow, _ values: [String: Answer], confirmedName: String? = nil) throws -> String {
    var runner = AnswersRunner(
      flow, given: GivenAnswers(values: values, confirmedName: confirmedName),
      options: .init(path: "a.toml", destroys: true), voice: LinearVoice(conversation: Script([]), width: nil),
      executor: PromptExecutor())
    guard case .done(let text) = try runner.run() else { throw PlainFailure(.usage, "answers", "are missing") }
    return text ?? ""
  }
}
