import Common

/// An operation as text: what a job's process is given, and what is left in its folder.
///
/// To let a new operation run as a job, add a case and its line in ``operation()``.
public enum JobDescription: Sendable, Codable, Equatable {
  case export(server: ServerReference, ExportOperation.Options)
  case `import`(server: ServerReference, ImportOperation.Options)
  case move(MoveDecisions, brand: Brand?)
  case copySecrets(from: ServerReference, to: ServerReference, decisions: [String: SecretDecision])
  case deactivate(server: ServerReference, subdomain: String)
  case reactivate(server: ServerReference, subdomain: String)
  case deleteOrganization(server: ServerReference, DeleteOrganizationOperation.Options)
  case changeSubdomain(
    server: ServerReference, from: String, to: String, leavesRedirect: Bool, allowsReserved: Bool)
  case passwordReset(
    server: ServerReference, subdomain: String, audience: PasswordResetOperation.Audience, onlyNeverSignedIn: Bool)
  /// From a root folder, a copied /etc folder or a backup.
  case copySettings(from: String, to: ServerReference, CopySettingsOperation.Choices)
  case undoSettings(server: ServerReference, overwritesEdits: Bool)
  case flushCache(server: ServerReference)
  case script(server: ServerReference, ServerScripts.Script)
  case backup(server: ServerReference, BackupOperation.Options)
  case pruneBackups(server: ServerReference, PruneOperation.Options)
  /// Nightly backups, by systemd or cron of the machine.
  case installSchedule(server: ServerReference, InstallScheduleOperation.Options)
  /// The server's settings may be lost: it is found by its root folder.
  case restore(server: ServerReference, RestoreOptions)
  case rehearseRestore(server: ServerReference, RehearseOperation.Options)
  case resumeRestore(server: ServerReference)
  case clearRestore(server: ServerReference)
  case rollBackRestore(server: ServerReference)
  case discardRestore(server: ServerReference)
  /// Takes back what another job of this server has done; the folder is that job's.
  case undo(servers: [ServerReference], folder: String, despiteSignsOfLife: Bool)

  /// Removes what interrupted commands have left.
  case removeLeftovers(server: ServerReference)

  /// The servers that no other job may work on meanwhile. The first is the one among whose jobs it is listed.
  public var servers: [ServerReference] {
    switch self {
    case .export(let server, _), .import(let server, _), .deactivate(let server, _), .reactivate(let server, _),
      .deleteOrganization(let server, _), .changeSubdomain(let server, _, _, _, _),
      .passwordReset(let server, _, _, _), .undoSettings(let server, _), .flushCache(let server),
      .script(let server, _), .backup(let server, _), .pruneBackups(let server, _),
      .installSchedule(let server, _), .restore(let server, _), .rehearseRestore(let server, _),
      .resumeRestore(let server), .clearRestore(let server), .rollBackRestore(let server),
      .discardRestore(let server), .removeLeftovers(let server):
      [server]
    case .copySecrets(_, let target, _), .copySettings(_, let target, _): [target]
    case .undo(let servers, _, _): servers
    case .move(let decisions, let brand):
      [ServerReference(root: decisions.source, brand: brand)]
        + (decisions.target.map { [ServerReference(root: $0, brand: brand)] } ?? [])
    }
  }

  /// Whether it begins with removing what interrupted commands have left; one that does nothing else does it itself.
  var removesLeftovers: Bool {
    if case .removeLeftovers = self { false } else { true }
  }

  /// Whether interrupted deletions are finished before it begins; a deletion does that itself, and reports it.
  var finishesDeletions: Bool {
    if case .deleteOrganization = self { false } else { true }
  }

  /// The organization that it makes on a server; nil where it makes none.
  public var importedSubdomain: String? {
    switch self {
    case .import(_, let options): options.subdomain
    case .move(let decisions, _): decisions.target == nil ? nil : decisions.subdomain
    default: nil
    }
  }

  /// What it does, in a few words, where no plan says more.
  public var title: String {
    switch self {
    case .export(_, let options): "Export '\(options.subdomain)' into \(options.output ?? "an archive")"
    case .import(_, let options): "Import \(options.archive) as '\(options.subdomain)'"
    case .copySecrets: "Copy secrets"
    case .move(let decisions, _): "Move '\(decisions.organization)' to \(decisions.target ?? "another machine")"
    case .deactivate(_, let subdomain): "Deactivate '\(subdomain)'"
    case .reactivate(_, let subdomain): "Reactivate '\(subdomain)'"
    case .deleteOrganization(_, let options): "Delete '\(options.subdomain)'"
    case .changeSubdomain(_, let old, let new, _, _): "Move '\(old)' to '\(new)'"
    case .passwordReset(_, let subdomain, _, _): "Send password resets to people of '\(subdomain)'"
    case .copySettings: "Copy settings"
    case .undoSettings: "Take back copied settings"
    case .flushCache: "Empty the cache"
    case .script(_, let script): ServerScripts.title(script)
    case .backup: "Back up the server"
    case .pruneBackups(_, let options): "Delete old backups in \(options.folder)"
    case .installSchedule(_, let options): "Back up every night into \(options.schedule.folder)"
    case .restore(_, let options): "Restore the server from \(options.source.label)"
    case .rehearseRestore(_, let options): "Rehearse the restore of \(options.archive)"
    case .resumeRestore: "Go on with the restore that was interrupted"
    case .clearRestore: "Clear away what an interrupted restore had prepared"
    case .rollBackRestore: "Roll back the restore"
    case .discardRestore: "Delete what is kept of the restore"
    case .removeLeftovers: "Remove what interrupted commands have left"
    case .undo(_, let folder, _): "Take back job \(JobFolder(folder).id)"
    }
  }

  /// Reads the server's configuration anew: a job begins with what is true now.
  ///
  /// - Parameter folder: the job's own, where what it leaves for later questions goes.
  public func operation(in folder: JobFolder? = nil) throws -> any Operation {
    switch self {
    case .export(let server, let options): return ExportOperation(try server.installation(), options)
    case .import(let server, let wanted):
      var options = wanted
      options.reportFolder = options.reportFolder ?? folder?.path
      return ImportOperation(try server.installation(), options)
    case .move(let decisions, let brand):
      return MoveOperation(
        source: try Installation(root: decisions.source, brand: brand),
        target: try decisions.target.map { try Installation(root: $0, brand: brand) }, decisions: decisions,
        brand: brand, reportFolder: folder?.path)
    case .copySecrets(let source, let target, let decisions):
      return CopySecretsOperation(from: try source.installation(), to: try target.installation(), decisions: decisions)
    case .deactivate(let server, let subdomain):
      return DeactivateOperation(try server.installation(), subdomain: subdomain)
    case .reactivate(let server, let subdomain):
      return ReactivateOperation(try server.installation(), subdomain: subdomain)
    case .deleteOrganization(let server, let options):
      return DeleteOrganizationOperation(try server.installation(), options)
    case .changeSubdomain(let server, let old, let new, let leavesRedirect, let allowsReserved):
      return ChangeSubdomainOperation(
        try server.installation(), from: old, to: new, leavesRedirect: leavesRedirect, allowsReserved: allowsReserved)
    case .passwordReset(let server, let subdomain, let audience, let onlyNeverSignedIn):
      return PasswordResetOperation(
        try server.installation(), subdomain: subdomain, audience: audience, onlyNeverSignedIn: onlyNeverSignedIn)
    case .copySettings(let source, let target, let choices):
      return CopySettingsOperation(from: try ConfigurationSource(source), to: try target.installation(), choices)
    case .undoSettings(let server, let overwritesEdits):
      return UndoSettingsOperation(try server.installation(), overwritesEdits: overwritesEdits)
    case .flushCache(let server): return FlushCacheOperation(try server.installation())
    case .undo(_, let folder, let despiteSignsOfLife):
      return UndoJobOperation(JobFolder(folder), despiteSignsOfLife: despiteSignsOfLife)
    case .backup(let server, let options): return BackupOperation(try server.installation(), options)
    case .pruneBackups(_, let options): return PruneOperation(options)
    case .installSchedule(let server, let options): return InstallScheduleOperation(root: server.root, options)
    case .restore(let server, let options):
      return RestoreOperation(root: server.root, brand: server.brand, options)
    case .rehearseRestore(_, let options): return RehearseOperation(options)
    case .clearRestore(let server): return ClearRestoreOperation(root: server.root, brand: server.brand)
    case .resumeRestore(let server): return ResumeRestoreOperation(root: server.root, brand: server.brand)
    case .rollBackRestore(let server): return RollBackOperation(root: server.root, brand: server.brand)
    case .discardRestore(let server): return DiscardRestoreOperation(root: server.root, brand: server.brand)
    case .removeLeftovers(let server): return RemoveLeftoversOperation(server)
    case .script(let server, let script): return ScriptOperation(try server.installation(), script)
    }
  }
}
