import Common
import Server
import Terminal

/// The step that asks for an organization of this server.
struct OrganizationStep: Sendable {
  /// The answer of this step: a subdomain; empty for the root domain.
  static let key: AnswerKey<String> = "organization.which"

  let heading: String
  var explanation: [TextBlock] = []
  var help: [TextBlock] = []
  /// Why an organization cannot be chosen; nil if it can.
  var disabled: @Sendable (Organization) -> String? = { _ in nil }
  /// The message if no organization can be chosen.
  var nothing = "there is no organization on this server that this could be done with"

  func step(_ context: FlowContext) -> Step {
    let explanation = explanation
    let heading = heading
    return Step(
      "organization", "Organization", heading: { _ in heading }, explanation: { _ in explanation }, help: help,
      lookup: Lookup("Looking for organizations", key: { _ in context.root }, brings: [field([])]) { _, observer in
        let all = try context.engine.organizations(context.root, observer.cancellation)
        guard all.contains(where: { reason($0) == nil }) else {
          throw PlainFailure(.notFound, context.label, nothing)
        }
        return LookupResult(fields: [field(all)])
      }, decides: [.organization])
  }

  private func reason(_ organization: Organization) -> String? {
    switch organization.state {
    case .internal: "it is the home of the server's own bots; every server has its own"
    case .redirect(let address): "it is only a redirect to \(address)"
    default: disabled(organization)
    }
  }

  private func field(_ all: [Organization]) -> Field {
    let possible = all.filter { reason($0) == nil }
    let largest = possible.filter { !$0.isDeactivated }.max { $0.messages < $1.messages } ?? possible.first
    return Field(
      "which", "Organization", .table(columns: Self.columns, rows: all.map(row)),
      preset: { _ in largest.map { .text($0.subdomain) } })
  }

  static let columns: [Table.Column] = [
    .init("Name", least: 12, grows: true), .init("Subdomain", least: 9), .init("Users", alignment: .trailing, least: 5),
    .init("Messages", alignment: .trailing, least: 8), .init("State", least: 6),
  ]

  private func row(_ organization: Organization) -> Field.Row {
    let state = organization.state.name
    return Field.Row(
      id: organization.subdomain,
      cells: [
        organization.name, organization.subdomain.isEmpty ? "(root domain)" : organization.subdomain,
        Amount.count(Int64(organization.activeUsers)), organization.messageCount, state,
      ],
      label: organization.label, disabled: reason(organization),
      details: ["state": state, "name": organization.name])
  }
}
