import Common
import Postgres

/// Takes back what a finished job has done, as one step: an import with its rows and files, an export's archive, a move
/// on both sides, copied settings, a deactivation.
///
/// Only what the job itself made is taken: an organization that the job's map of ids does not know stays.
public struct UndoJobOperation: Operation {
  public let folder: JobFolder
  /// The imported organization goes although people seem to work in it already.
  public let despiteSignsOfLife: Bool

  public init(_ folder: JobFolder, despiteSignsOfLife: Bool = false) {
    self.folder = folder
    self.despiteSignsOfLife = despiteSignsOfLife
  }

  public var name: String { "undo" }

  // MARK: What it comes to

  private enum Part {
    case deleteOrganization(Installation, subdomain: String)
    case removeFile(String)
    case run(any Operation)
  }

  private func parts() throws -> [Part] {
    let description = try folder.readHeader().description
    guard case .finished = folder.state() else {
      throw PlainFailure(
        .conflict, "job \(folder.id)", "has not done its work, so there is nothing to take back",
        remedy: "see what became of it with: jobs list")
    }
    switch description {
    case .import(let server, let options):
      return [.deleteOrganization(try server.installation(), subdomain: options.subdomain)]
    case .export(let server, let options):
      var parts: [Part] = options.output.map { [.removeFile($0)] } ?? []
      if options.deactivates {
        parts.append(.run(ReactivateOperation(try server.installation(), subdomain: options.subdomain)))
      }
      return parts
    case .move(let decisions, let brand):
      var parts: [Part] = [.removeFile(decisions.archive)]
      if let target = decisions.target {
        let installation = try Installation(root: target, brand: brand)
        parts.insert(.deleteOrganization(installation, subdomain: decisions.subdomain), at: 0)
      }
      if decisions.deactivates {
        let source = try Installation(root: decisions.source, brand: brand)
        parts.append(.run(ReactivateOperation(source, subdomain: decisions.organization)))
      }
      return parts
    case .deactivate(let server, let subdomain):
      return [.run(ReactivateOperation(try server.installation(), subdomain: subdomain))]
    case .reactivate(let server, let subdomain):
      return [.run(DeactivateOperation(try server.installation(), subdomain: subdomain))]
    case .changeSubdomain(let server, let old, let new, _, let allowsReserved):
      return [
        .run(
          ChangeSubdomainOperation(
            try server.installation(), from: new, to: old, leavesRedirect: false, allowsReserved: allowsReserved))
      ]
    case .copySettings(_, let target, _):
      return [.run(UndoSettingsOperation(try target.installation(), overwritesEdits: false))]
    default:
      throw PlainFailure(
        .usage, "job \(folder.id)", "cannot be taken back: \(description.title)")
    }
  }

  private func deletion(_ installation: Installation, _ subdomain: String) -> DeleteOrganizationOperation {
    var options = DeleteOrganizationOperation.Options(subdomain: subdomain)
    options.uploads = .ofOrganization
    options.confirmation = subdomain
    options.despiteSignsOfLife = despiteSignsOfLife
    return DeleteOrganizationOperation(installation, options)
  }

  /// The organization at the subdomain is the one that the job made: its id stands in the job's map.
  private func checkIdentity(_ installation: Installation, _ subdomain: String) throws {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let map = String(decoding: try FileSystem.read("\(folder.path)/id-map.jsonl", limit: 1 << 30), as: UTF8.self)
    let line = map.split(separator: "\n").first { $0.hasPrefix("{\"table\":\"zerver_realm\",") }
    guard let line, line.hasSuffix("\"new\":\(organization.id)}") else {
      throw PlainFailure(
        .blocked, organization.label, "is not the organization that this job has made",
        remedy: "look at it with: organization list; delete it by its own command if you are sure")
    }
  }

  // MARK: Operation

  public func check() throws -> [Finding] {
    try parts().flatMap { part -> [Finding] in
      switch part {
      case .deleteOrganization(let installation, let subdomain):
        try checkIdentity(installation, subdomain)
        return try deletion(installation, subdomain).check()
      case .removeFile(let path):
        return [Finding(.ok, "archive", FileSystem.exists(path) ? "\(path) goes" : "\(path) is gone already")]
      case .run(let operation): return try operation.check()
      }
    }
  }

  public func plan() throws -> Plan {
    var phases: [Plan.Phase] = []
    var destroys: [String] = []
    for part in try parts() {
      switch part {
      case .deleteOrganization(let installation, let subdomain):
        let plan = try deletion(installation, subdomain).plan()
        phases += plan.phases
        destroys += plan.destroys
      case .removeFile(let path):
        phases.append(Plan.Phase("archive", "Remove the archive"))
        destroys.append(path)
      case .run(let operation): phases += try operation.plan().phases
      }
    }
    return Plan(
      title: "Take back: \(try folder.readHeader().description.title)", phases: phases, destroys: destroys,
      leavesAlone: ["Everything that the job has not made"])
  }

  public func run(progress: Progress) throws -> Summary {
    let parts = try parts()
    for case .deleteOrganization(let installation, let subdomain) in parts {
      try checkIdentity(installation, subdomain)
    }
    // The summaries of the parts are not the end of the whole.
    let inner = Progress(cancellation: progress.cancellation) { event in
      if case .finished = event { return }
      progress.relay(event)
    }
    var done: [String] = []
    for part in parts {
      switch part {
      case .deleteOrganization(let installation, let subdomain):
        done.append(try deletion(installation, subdomain).run(progress: inner).title)
      case .removeFile(let path):
        try progress.phase("archive", "Remove the archive") { _ in try FileSystem.removeTree(path) }
        done.append("\(path) is removed")
      case .run(let operation): done.append(try operation.run(progress: inner).title)
      }
    }
    let summary = Summary(
      title: "Taken back", facts: done.map { Summary.Fact("Done", $0) }, warnings: progress.warnings,
      nextSteps: ["Restart the server, so that it forgets what it had cached"])
    progress.finished(summary)
    return summary
  }
}
