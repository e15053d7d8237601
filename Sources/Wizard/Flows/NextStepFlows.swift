import Administration
import Common
import Operations

extension Destination {
  /// Returns the flow that does a next step of a result; nil if there is none.
  static func forStep(_ action: Summary.Step.Action) -> Destination? {
    switch action {
    case .restart(let root): flow("server", on: root, ServerKey.given(.restart))
    case .reactivate(let root, let subdomain):
      flow(
        "organizations", on: root,
        [
          OrganizationsKey.organization.name: .text(subdomain),
          OrganizationsKey.action.name: OrganizationsKey.Action.reactivate.answer,
        ])
    case .sendPasswordResets(let root, let subdomain):
      flow("password-resets", on: root, [PasswordResetKey.organization.name: .text(subdomain)])
    case .compareSettings(let root, let source):
      flow(
        "settings", on: root,
        [SettingsKey.path.name: .text(source), SettingsKey.data.name: .text(MigrationFacts.Kind.import.rawValue)])
    case .verify(let archive): .flow("inspect", given: [ArchiveStep.key.name: .text(archive)])
    case .rehearse(let backup): .flow("rehearse", given: BackupStep.given(backup))
    case .deleteOrganization(let root, let subdomain):
      flow("clean-up", on: root, [CleanUpKey.organization.name: .text(subdomain)])
    }
  }

  private static func flow(_ id: String, on root: String, _ given: [String: Answer]) -> Destination {
    .flow(id, given: given.merging([FlowContext.serverKey: .text(root)]) { _, new in new })
  }
}
