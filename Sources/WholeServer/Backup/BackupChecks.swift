import Administration
import Common
import Glibc
import Operations
import Postgres
import Server

/// The expected size of a backup, determined before it begins. In bytes, except for the number of files.
struct BackupSize: Sendable {
  /// On the server's disk, including indexes.
  var database: Int64 = 0
  /// Rows alone, which a dump consists of.
  var rows: Int64 = 0
  var uploadsFiles: Int64 = 0
  var uploads: Int64 = 0

  /// Rows compress to about a quarter; a dump contains no indexes.
  var dump: Int64 { rows / 4 + (8 << 20) }
  var archive: Int64 { dump + uploads }

  /// A rough estimate: one core dumps and compresses about 30 MB of rows per second, files are read at 150 MB/s, and
  /// the finished archive is read back.
  func seconds(workers: Int) -> Double {
    Double(rows) / (30e6 * Double(max(1, min(workers, WorkerThread.processors)))) + Double(uploads) / 150e6
      + Double(archive) / 250e6 + 2
  }
}

/// Checks a backup before it begins.
struct BackupChecks {
  let installation: Installation
  let options: BackupOperation.Options
  let output: String
  let workers: Int

  /// Returns the system user who writes the dump: with peer authentication the database's user; nil for the current
  /// user.
  static func user(_ installation: Installation) -> String? {
    let run = PostgresTools(folder: "", major: 0, version: "")
    return ToolRun(tools: run, parameters: installation.databaseParameters()).user
  }

  func findings(_ connection: Connection?, _ size: BackupSize, work: String?) throws -> [Finding] {
    var findings = [NewArchiveCheck.finding(output), space(size, work: work)].about(.output)
    if let connection, !options.skipsDatabase { findings.append(tools(connection)) }
    findings.append(try uploads(size, connection))
    findings.append(contents(size))
    findings.append(MessageQueues.finding(beforeBackup: installation))
    if let recipient = options.recipient {
      findings.append(
        Encryption.problem(recipient: recipient)?.about(.encryption)
          ?? Finding(.ok, "encryption", "to \(SafeText.clean(recipient.prefix(24), limit: 24))…"))
    } else {
      findings.append(
        Finding(.ok, "encryption", "none: the file holds every secret and message, readable for its owner alone"))
    }
    return findings + NotInBackup.list(installation).map(\.finding)
  }

  /// Checks the disk space: the dump exists beside the growing archive, and an encrypted archive beside the plain one.
  private func space(_ size: BackupSize, work: String?) -> Finding {
    let folder = FileSystem.folder(of: output)
    guard options.skipsDatabase || work != nil else {
      return WorkFolderCheck.missing(named: options.workFolder, for: Self.user(installation))
    }
    let copies: Int64 = options.recipient == nil ? 1 : 2
    var needs = [folder: size.archive * copies]
    if let work, !options.skipsDatabase {
      if Self.device(work) == Self.device(folder) {
        needs[folder, default: 0] += size.dump
      } else {
        needs[work] = size.dump
      }
    }
    for (place, bytes) in needs.sorted(by: { $0.key < $1.key }) {
      guard let free = FileSystem.freeBytes(place), free < bytes else { continue }
      return Finding(
        .blocker, "space", "about \(Amount.bytes(bytes)) are needed in \(place), \(Amount.bytes(free)) are free",
        remedy: "free some space, or choose another disk with --output and --work-folder")
    }
    return Finding(
      .ok, "space",
      "the archive will have about \(Amount.bytes(size.archive)), the dump takes \(Amount.bytes(size.dump)) meanwhile; "
        + "\(Amount.bytes(FileSystem.freeBytes(folder) ?? 0)) are free")
  }

  private func tools(_ connection: Connection) -> Finding {
    let major = connection.serverVersion / 10_000
    do {
      let tools = try PostgresTools.find(major: major)
      guard tools.major == major else {
        return Finding(
          .warning, "pg_dump",
          "the one of PostgreSQL \(tools.major) is used for a database of version \(major): PostgreSQL \(major) itself "
            + "may not read the backup", remedy: "apt-get install postgresql-client-\(major)")
      }
      return Finding(
        .ok, "pg_dump", "of PostgreSQL \(tools.version), as the database; \(Amount.of(Int64(workers), "session"))")
    } catch let failure as any Failure {
      return Finding(.blocker, "pg_dump", failure.reason, remedy: failure.remedy)
    } catch {
      return Finding(.blocker, "pg_dump", "\(error)")
    }
  }

  /// - Parameter connection: nil: the database is left out, and is not asked for the files that it names.
  private func uploads(_ size: BackupSize, _ connection: Connection?) throws -> Finding {
    if options.skipsUploads { return Finding(.warning, "uploads", "left out, as requested: the backup is partial") }
    if installation.storesUploadsInS3 {
      return Finding(
        .warning, "uploads", "this server keeps its files in S3: they are not in the backup",
        remedy: "turn on versioning and replication of the bucket; it is the backup of the files")
    }
    let reason = "\(Amount.of(size.uploadsFiles, "file")), \(Amount.bytes(size.uploads))"
    let presence = try UploadsPresence.look(installation, connection)
    return presence.finding(installation, reason, otherwise: "or leave the uploads out with --skip-uploads")
      ?? Finding(.ok, "uploads", reason)
  }

  private func contents(_ size: BackupSize) -> Finding {
    if options.skipsDatabase {
      return Finding(.warning, "database", "left out, as requested: the backup is partial")
    }
    let time = Amount.duration(seconds: size.seconds(workers: workers))
    return Finding(.ok, "database", "\(Amount.bytes(size.database)) on its disk; the whole will take about \(time)")
  }

  private static func device(_ path: String) -> dev_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_dev : nil
  }
}
