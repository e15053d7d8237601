import Administration
import Common
import Engine
import Operations
import Server

/// The functions of the engine that only this flow uses. Tests replace them.
struct CleanUpQueries: Sendable {
  var history: @Sendable (_ root: String, _ subdomain: String) throws -> OrganizationHistory
  var rows: @Sendable (_ root: String, _ subdomain: String) throws -> [(table: String, rows: Int)]
  /// The archive of the import, if it is known and exists.
  var archive: @Sendable (_ subdomain: String) -> String?
  var storesFilesInS3: @Sendable (_ root: String) throws -> Bool

  static func real(_ context: FlowContext) -> CleanUpQueries {
    let brand = context.brand
    @Sendable func operation(_ root: String, _ subdomain: String) throws -> DeleteOrganizationOperation {
      DeleteOrganizationOperation(ServerReference(root: root, brand: brand), .init(subdomain: subdomain))
    }
    return CleanUpQueries(
      history: { try operation($0, $1).history() }, rows: { try operation($0, $1).rows() },
      archive: { subdomain in
        // An import is a job of this server; a move is a job of the source server.
        [context.root, context.target].compactMap { $0 }.lazy.compactMap {
          JobStore(root: $0).archive(importedInto: context.root, as: subdomain)
        }.first
      }, storesFilesInS3: { try Installation(root: $0, brand: brand).storesUploadsInS3 })
  }

  /// Returns the facts about an organization for later steps.
  func about(_ item: OrganizationOverview, _ context: FlowContext) throws -> [String: String] {
    var known: [String: String] = [:]
    if try storesFilesInS3(context.root) { known["files"] = "S3" }
    known["archive"] = archive(item.organization.subdomain)
    return known
  }
}

/// Facts about an organization as names and values.
enum CleanUpFacts {
  static func of(_ history: OrganizationHistory, _ answers: Answers) -> [Summary.Fact] {
    func known(_ name: String) -> String? { answers.detail(CleanUpKey.organization, name) }
    func day(_ moment: String?) -> String? { moment.map { String($0.prefix(16)) } }
    let origin =
      if let imported = day(history.imported) {
        "by an import, on \(imported) UTC" + (known("archive").map { ", from \($0)" } ?? "")
      } else {
        "made on this server" + (day(history.created).map { ", on \($0) UTC" } ?? "")
      }
    let since =
      history.messagesSince == 0
      ? "nothing was written"
      : "\(Amount.of(Int64(history.messagesSince), "message was", "messages were")) written"
    return [
      Summary.Fact("Id", known("id") ?? ""), Summary.Fact("How it came", origin),
      Summary.Fact(history.imported == nil ? "By people" : "Since then", since),
      Summary.Fact("Last message", day(history.lastMessage).map { "\($0) UTC" } ?? "none"),
      Summary.Fact(
        "Signed in", history.activeSessions == 0 ? "nobody" : Amount.of(Int64(history.activeSessions), "session")),
      Summary.Fact(
        "On this server",
        history.isOnlyOne
          ? "the only organization"
          : "there are others; they are not "
            + "changed"),
    ]
  }

  /// Lists large tables first.
  static func of(rows: [(table: String, rows: Int)]) -> [Summary.Fact] {
    let total = rows.reduce(0) { $0 + $1.rows }
    let sorted = rows.sorted { ($1.rows, $0.table) < ($0.rows, $1.table) }
    return [Summary.Fact("Rows", Amount.count(Int64(total)))]
      + sorted.map { Summary.Fact("  \($0.table)", Amount.count(Int64($0.rows))) }
  }
}
