import Administration
import Common
import Terminal

/// The step that asks for an organization of this server, with its import and its last activity.
struct OverviewStep: Sendable {
  /// The answer of this step: a subdomain; empty for the root domain.
  static let key = OrganizationStep.key

  enum Column: Sendable { case id, name, subdomain, users, messages, uploads, imported, lastActive, state }

  let heading: String
  let columns: [Column]
  var explanation: [TextBlock] = []
  var help: [TextBlock] = []
  /// Why an organization cannot be chosen; nil if it can.
  var disabled: @Sendable (OrganizationOverview) -> String? = { _ in nil }
  /// The proposed organization; nil: the first possible one.
  var proposed: @Sendable ([OrganizationOverview]) -> OrganizationOverview? = { _ in nil }
  /// Additional facts for later steps. Called on a worker thread.
  var more: @Sendable (OrganizationOverview) throws -> [String: String] = { _ in [:] }
  /// Whether the internal organization is listed, although it cannot be chosen.
  var showsInternal = true
  /// The message if no organization can be chosen.
  var nothing = "there is no organization on this server that this could be done with"

  func step(_ context: FlowContext) -> Step {
    let (heading, explanation) = (heading, explanation)
    return Step(
      "organization", "Organization", heading: { _ in heading }, explanation: { _ in explanation }, help: help,
      lookup: Lookup("Looking for organizations", key: { _ in context.root }, brings: [field([], [:])]) {
        _, observer in
        let all = try context.engine.overviews(context.root, observer.cancellation)
          .filter { showsInternal || !$0.organization.isInternal }
        guard all.contains(where: { reason($0) == nil }) else {
          throw PlainFailure(.notFound, context.label, nothing)
        }
        var found: [String: [String: String]] = [:]
        for item in all where reason(item) == nil { found[item.organization.subdomain] = try more(item) }
        return LookupResult(fields: [field(all, found)])
      }, decides: [.organization])
  }

  private func reason(_ item: OrganizationOverview) -> String? {
    item.organization.isInternal
      ? "it is the home of the server's own bots; the server cannot run without it" : disabled(item)
  }

  private func field(_ all: [OrganizationOverview], _ found: [String: [String: String]]) -> Field {
    let preset = proposed(all.filter { reason($0) == nil })?.organization.subdomain
    return Field(
      "which", "Organization",
      .table(columns: columns.map(\.heading), rows: all.map { row($0, found[$0.organization.subdomain] ?? [:]) }),
      hint: { answers in
        // These facts would take the space of the names in a narrow window.
        guard let id = answers.detail(Self.key, "id"), let uploads = answers.detail(Self.key, "uploads") else {
          return nil
        }
        return "The chosen one has the id \(id) in the database, and \(uploads) of uploads."
      },
      preset: { _ in preset.map { .text($0) } })
  }

  private func row(_ item: OrganizationOverview, _ more: [String: String]) -> Field.Row {
    let organization = item.organization
    var details = [
      "state": organization.state.name, "name": organization.name.isEmpty ? organization.label : organization.name,
      "id": String(organization.id), "users": Amount.of(Int64(organization.activeUsers), "active user"),
      "messages": organization.messageAmount, "uploads": Amount.bytes(item.uploadBytes),
    ]
    details["deactivated"] = organization.isDeactivated ? "yes" : "no"
    details["redirect"] = organization.redirect
    details["imported"] = item.imported
    return Field.Row(
      id: organization.subdomain, cells: columns.map { $0.cell(item) }, label: organization.label,
      disabled: reason(item), details: details.merging(more) { _, new in new })
  }
}

extension OverviewStep.Column {
  fileprivate var heading: Table.Column {
    switch self {
    case .id: .init("Id", alignment: .trailing, least: 2)
    case .name: .init("Name", least: 10, grows: true)
    case .subdomain: .init("Subdomain", least: 9)
    case .users: .init("Users", alignment: .trailing, least: 5)
    case .messages: .init("Messages", alignment: .trailing, least: 8)
    case .uploads: .init("Uploads", alignment: .trailing, least: 7)
    case .imported: .init("Imported", least: 10)
    case .lastActive: .init("Last seen", least: 10)
    case .state: .init("State", least: 6)
    }
  }

  fileprivate func cell(_ item: OrganizationOverview) -> String {
    let organization = item.organization
    switch self {
    case .id: return String(organization.id)
    case .name: return organization.name.isEmpty ? "(no name)" : organization.name
    case .subdomain: return organization.subdomain.isEmpty ? "(root domain)" : organization.subdomain
    case .users: return Amount.count(Int64(organization.activeUsers))
    case .messages: return organization.messageCount
    case .uploads: return Amount.bytes(item.uploadBytes)
    case .imported: return item.imported.map { String($0.prefix(10)) } ?? "made here"
    case .lastActive: return item.lastActivity.map { String($0.prefix(10)) } ?? "never"
    case .state:
      // A short word, because the column is narrow.
      if case .deactivated = organization.state { return "closed" }
      return organization.state.name
    }
  }
}
