import Administration
import Operations
import Transfer
import WholeServer

extension OperationCatalog {
  /// Every operation of this program. A new one gets a line here.
  public static let standard = OperationCatalog([
    // One organization
    ExportOperation.self, ImportOperation.self, MoveOperation.self, DeleteOrganizationOperation.self,
    DeactivateOperation.self, ReactivateOperation.self, ChangeSubdomainOperation.self, PasswordResetOperation.self,
    // Settings and secrets
    CopySettingsOperation.self, UndoSettingsOperation.self, CopySecretsOperation.self,
    // The whole server
    BackupOperation.self, PruneOperation.self, InstallScheduleOperation.self, RehearseOperation.self,
    RestoreOperation.self, ResumeRestoreOperation.self, ClearRestoreOperation.self, RollBackOperation.self,
    DiscardRestoreOperation.self, ScriptOperation.self, FlushCacheOperation.self, RemoveLeftoversOperation.self,
    // Other jobs
    UndoJobOperation.self,
  ])
}
