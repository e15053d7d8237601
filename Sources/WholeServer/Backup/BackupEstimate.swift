import Administration
import Common
import Operations
import Postgres
import Server

/// The estimated size and duration of a server's backup, for decisions before it.
public struct BackupEstimate: Sendable, Equatable {
  /// Bytes on the database server's disk, including indexes.
  public var database: Int64
  /// Bytes of the rows alone, which a dump consists of.
  public var rows: Int64
  public var uploadsFiles: Int64
  public var uploads: Int64
  /// Whether files are stored in S3, and therefore in no backup of this machine.
  public var storesUploadsInS3: Bool
  /// The messages waiting in RabbitMQ, or why their number is not known.
  public var queues: Finding?
  /// Whether the encryption program is installed.
  public var canEncrypt: Bool

  public init(
    database: Int64, rows: Int64, uploadsFiles: Int64, uploads: Int64, storesUploadsInS3: Bool = false,
    queues: Finding? = nil, canEncrypt: Bool = true
  ) {
    self.database = database
    self.rows = rows
    self.uploadsFiles = uploadsFiles
    self.uploads = uploads
    self.storesUploadsInS3 = storesUploadsInS3
    self.queues = queues
    self.canEncrypt = canEncrypt
  }

  /// Estimates a backup. Lists all uploaded files: on large servers this takes some seconds.
  public static func look(_ installation: Installation, cancellation: Cancellation? = nil) throws -> BackupEstimate {
    let connection = try installation.connect(cancellation: cancellation)
    defer { connection.close() }
    let size = try connection.value("SELECT pg_database_size(current_database())").flatMap { Int64($0) } ?? 0
    let inS3 = installation.storesUploadsInS3
    let tree =
      try inS3 || !FileSystem.isFolder(installation.uploadsFolder)
      ? nil : FileTree(installation.uploadsFolder, cancellation: cancellation)
    return BackupEstimate(
      database: size, rows: try Dump.sizes(connection).values.reduce(0, +),
      uploadsFiles: Int64(tree?.files.count ?? 0), uploads: tree?.bytes ?? 0, storesUploadsInS3: inS3,
      queues: MessageQueues.finding(beforeBackup: installation), canEncrypt: Subprocess.find("age") != nil)
  }

  /// Returns the approximate size of the archive in bytes, and the approximate duration in seconds.
  public func archive(takesDatabase: Bool, takesUploads: Bool) -> (bytes: Int64, seconds: Double) {
    var size = BackupSize()
    if takesDatabase {
      size.database = database
      size.rows = rows
    }
    if takesUploads {
      size.uploadsFiles = uploadsFiles
      size.uploads = uploads
    }
    let bytes = (takesDatabase ? size.dump : 0) + size.uploads
    return (bytes, size.seconds(workers: min(WorkerThread.processors, 4)))
  }
}

extension BackupOperation {
  /// Returns a sortable name for a new backup: "aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz".
  public static func newName(_ brand: Brand) -> String { BackupLayout.fileName(brand) }
}
