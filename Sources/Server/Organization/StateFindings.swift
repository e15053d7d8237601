import Common
import Operations
import Postgres

/// The findings about an organization's state for a planned action. Each command on an organization requests them
/// first.
package struct StateFindings {
  package enum Act { case export, delete, deactivate, reactivate, changeSubdomain, passwordReset }

  let organization: Organization
  let installation: Installation
  let connection: Connection

  package init(organization: Organization, installation: Installation, connection: Connection) {
    self.organization = organization
    self.installation = installation
    self.connection = connection
  }

  /// - Returns: empty for an organization in normal use.
  package func findings(_ act: Act) throws -> [Finding] {
    switch organization.state {
    case .internal, .active: []
    case .deactivated(let deletion): deactivated(act, deletion)
    case .redirect(let address): redirect(act, try RedirectTarget(address, installation, connection))
    case .moved(let address): moved(act, try RedirectTarget(address, installation, connection))
    case .scrubbed: scrubbed(act)
    case .demo(let deletion): demo(act, deletion)
    }
  }

  private func finding(_ severity: Finding.Severity, _ reason: String, _ remedy: String?) -> [Finding] {
    [Finding(severity, "state", "\(organization.label) \(reason)", remedy: remedy)]
  }

  private var name: String { organization.subdomain }

  private func command(_ words: [String]) -> String { installation.command(["organization"] + words) }

  private func redirect(_ act: Act, _ target: RedirectTarget) -> [Finding] {
    let what = "is only a redirect to \(target.address), with no people and no messages"
    switch act {
    case .export: return finding(.blocker, "\(what): the archive would be empty", target.remedy("export it"))
    case .delete:
      let stays = target.organization.map { "; \($0.label) is not changed" } ?? ""
      return finding(
        .warning, "\(what). Deleted, it no longer sends people on, and its name is free again\(stays)",
        "keep it for as long as people use the old address")
    case .deactivate:
      return finding(.blocker, "\(what), and is deactivated already", target.remedy("deactivate the organization"))
    case .reactivate:
      let back =
        target.organization.map(\.subdomain).map {
          "to give \($0) its old name back, delete the redirect (\(command(["delete", "-r", name]))), then run: "
            + command(["change-subdomain", "-r", $0, name])
        } ?? "leave it as it is; to free its name, run: \(command(["delete", "-r", name]))"
      return finding(
        .blocker,
        "\(what). Reactivated, it would take the old name back as an empty organization that no one can sign in to, and "
          + "the old address would no longer send people on", back)
    case .changeSubdomain:
      return finding(.blocker, what, target.remedy("change the subdomain of the organization"))
    case .passwordReset: return finding(.blocker, what, target.remedy("send the mail to its people"))
    }
  }

  private func moved(_ act: Act, _ target: RedirectTarget) -> [Finding] {
    let what = "is deactivated and redirects to \(target.address); its data is still here"
    switch act {
    case .export:
      return finding(
        .warning, "\(what). Messages that were written at the new address are not in the archive",
        "for the current state, \(target.remedy("export it"))")
    case .delete:
      return finding(
        .warning, "\(what). Deleted, it no longer sends people on",
        "make sure that the organization works at its new address")
    case .deactivate: return finding(.ok, what, nil)
    case .reactivate:
      return finding(
        .warning, "\(what). Reactivated, people sign in here again, apart from those at the new address",
        "make sure that the new one is not in use; deactivated again, this one redirects again")
    case .changeSubdomain: return finding(.warning, what, "make sure that you mean this one")
    case .passwordReset: return finding(.blocker, what, target.remedy("send the mail to its people"))
    }
  }

  private func scrubbed(_ act: Act) -> [Finding] {
    let what = "was scrubbed: the names and addresses of its people, their messages and files were removed"
    switch act {
    case .export:
      return finding(.warning, "\(what). The archive holds only what is left", "use an archive or a backup from before")
    case .reactivate:
      return finding(
        organization.isDeactivated ? .warning : .ok, "\(what). No one of them can sign in",
        "restore a backup to get its data back")
    case .passwordReset:
      return finding(.blocker, "\(what). Mail would reach no one", "give people new addresses first")
    case .changeSubdomain: return finding(.warning, what, "make sure that you mean this one")
    case .delete, .deactivate: return finding(.ok, what, nil)
    }
  }

  private func deactivated(_ act: Act, _ deletion: String?) -> [Finding] {
    let what = "is deactivated" + (deletion.map { "; the server deletes its data on \($0)" } ?? "")
    switch act {
    case .passwordReset:
      return finding(
        .blocker, "\(what). No one could sign in", "reactivate it first: \(command(["reactivate", "-r", name]))")
    case .reactivate:
      return finding(.ok, what + (deletion == nil ? "" : ". Reactivated, its data is not deleted"), nil)
    case .export, .changeSubdomain:
      return finding(
        deletion == nil ? .ok : .warning, what,
        deletion == nil ? nil : "to keep it, reactivate it before that day: \(command(["reactivate", "-r", name]))")
    case .delete, .deactivate: return finding(.ok, what, nil)
    }
  }

  private func demo(_ act: Act, _ deletion: String) -> [Finding] {
    let what = "is a demo organization, which the server deletes on \(deletion)"
    switch act {
    case .export:
      return finding(
        .warning, "\(what). An import of the archive makes it a permanent one",
        "import the archive before you rely on it")
    case .changeSubdomain: return finding(.ok, "\(what). At a new subdomain it is permanent", nil)
    case .passwordReset:
      return finding(.warning, "\(what). Its people may have no mail address", "look at the list of people")
    case .delete, .deactivate, .reactivate: return finding(.ok, what, nil)
    }
  }
}
