import Common
import Engine
import Operations
import WholeServer

/// The functions of the engine for flows about backups. Tests replace them.
struct BackupQueries: Sendable {
  /// The backups and archives for a server, the newest first.
  var found: @Sendable (FlowContext, Cancellation) throws -> FoundArchives
  /// The description of a backup, and its comparison with the server.
  var outlook: @Sendable (ServerReference, RestoreOptions, Cancellation) throws -> RestoreOutlook
  /// The restore that actions apply to; nil without one.
  var restored: @Sendable (_ root: String) throws -> RestoreRecord?
  var estimate: @Sendable (ServerReference, Cancellation) throws -> BackupEstimate
  /// The decisions about the backups of a folder, the newest first.
  var retention: @Sendable (PruneOperation.Options, Cancellation) throws -> [RetentionPolicy.Decision]
  /// The backups of a folder, the newest first.
  var listed: @Sendable (_ folder: String) throws -> [BackupFile]
  /// Microseconds since 1970.
  var now: @Sendable () -> Int64 = { Timestamp.now() }

  static let real = BackupQueries(
    found: ArchiveSearch.real.found,
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
