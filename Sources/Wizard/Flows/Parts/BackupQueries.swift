import Common
import Engine

/// What the flows about backups want to see of this machine. A test gives its own.
struct BackupQueries: Sendable {
  /// Backups in the usual folders and in these, the newest first.
  var found: @Sendable (_ root: String, _ others: [String]) -> [BackupFile]
  /// What a backup is, and how it compares with the server.
  var outlook: @Sendable (ServerReference, RestoreOptions, Cancellation) throws -> RestoreOutlook
  /// The restore that something can be done about; nil where there was none.
  var restored: @Sendable (_ root: String) throws -> RestoreRecord?
  var estimate: @Sendable (ServerReference, Cancellation) throws -> BackupEstimate
  /// What becomes of the backups in a folder, the newest first.
  var retention: @Sendable (PruneOperation.Options, Cancellation) throws -> [RetentionPolicy.Decision]
  /// The backups in a folder, the newest first.
  var listed: @Sendable (_ folder: String) throws -> [BackupFile]
  /// Microseconds since 1970.
  var now: @Sendable () -> Int64 = { Timestamp.now() }

  static let real = BackupQueries(
    found: { FoundBackups.list(in: FoundBackups.usualFolders(root: $0, others: $1)) },
    outlook: { try RestoreOutlook.look(root: $0.root, brand: $0.brand, $1, cancellation: $2) },
    restored: { root in
      let state = RestoreState(root: root)
      return try state.current().map { state.inspected($0) }
    },
    estimate: { try BackupEstimate.look($0.installation(), cancellation: $1) },
    retention: { try PruneOperation($0).decisions(cancellation: $1) },
    listed: { folder in
      guard FileSystem.isFolder(folder) else {
        throw PlainFailure(
          .notFound, SafeText.clean(folder, limit: .line), "there is no such folder", remedy: "give the backups' folder"
        )
      }
      return FoundBackups.list(in: [folder])
    })
}
