import Common
import Postgres
import Server

/// The properties that a restored database takes over from the server's own: encoding, collation with its provider, and
/// tablespace.
struct DatabaseForm: Sendable, Equatable {
  var encoding = "UTF8"
  var collate: String?
  var ctype: String?
  /// "c" for libc, "i" for ICU, "b" for PostgreSQL's builtin provider; nil before version 15, which only has libc.
  var provider: String?
  /// The locale of the ICU or builtin provider.
  var locale: String?
  var rules: String?
  /// Nil for the default tablespace.
  var tablespace: String?

  /// Returns the properties of a database; if it does not exist, UTF-8 and a compatible collation.
  ///
  /// - Throws: if the catalog cannot be read.
  static func read(of live: String, _ connection: Connection) throws -> DatabaseForm {
    // The columns for providers were added in version 15, and one was renamed in 17.
    let query = """
      SELECT pg_encoding_to_char(encoding), datcollate, datctype, to_jsonb(d) ->> 'datlocprovider',
        coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), to_jsonb(d) ->> 'daticurules',
        CASE WHEN spcname <> 'pg_default' AND has_tablespace_privilege(t.oid, 'CREATE') THEN spcname END
      FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = $1
      """
    if let row = try connection.query(query, [live]).first {
      return DatabaseForm(
        encoding: row[0] ?? "UTF8", collate: row[1], ctype: row[2], provider: row[3], locale: row[4], rules: row[5],
        tablespace: row[6])
    }
    guard let template = try connection.query(query, ["template0"]).first else { return DatabaseForm() }
    // A collation of another encoding does not fit.
    guard template[0] != "UTF8", !["C", "POSIX"].contains(template[1] ?? "C") else { return DatabaseForm() }
    return DatabaseForm(collate: "C", ctype: "C", provider: template[3] == nil ? nil : "c")
  }

  /// The clauses after `TEMPLATE template0` in CREATE DATABASE.
  var clause: String {
    var words = ["ENCODING \(Identifier.literal(encoding))"]
    if let collate, let ctype {
      words.append("LC_COLLATE \(Identifier.literal(collate)) LC_CTYPE \(Identifier.literal(ctype))")
    }
    switch provider {
    // The template may use another provider.
    case "c": words.append("LOCALE_PROVIDER libc")
    case "i":
      words.append("LOCALE_PROVIDER icu")
      if let locale { words.append("ICU_LOCALE \(Identifier.literal(locale))") }
      if let rules { words.append("ICU_RULES \(Identifier.literal(rules))") }
    case "b":
      words.append("LOCALE_PROVIDER builtin")
      if let locale { words.append("BUILTIN_LOCALE \(Identifier.literal(locale))") }
    default: break
    }
    if let tablespace { words.append("TABLESPACE \(Identifier.quote(tablespace))") }
    return words.joined(separator: " ")
  }

  /// Returns the folder of the database's tablespace; nil if this administrator may not read it.
  static func folder(of live: String, _ connection: Connection) -> String? {
    let tablespace = (try? read(of: live, connection))?.tablespace
    let place = tablespace.flatMap { name in
      (try? connection.value(
        "SELECT nullif(pg_tablespace_location(oid), '') FROM pg_tablespace WHERE spcname = $1", [name])) ?? nil
    }
    return place ?? (try? connection.value("SHOW data_directory")) ?? nil
  }
}

/// Reports which disk was full.
enum FullDisk {
  private static func isCause(_ error: any Error) -> Bool {
    switch error {
    case let failure as DatabaseFailure: failure.sqlState == "53100"
    case let failure as ToolFailure: failure.isFullDisk
    default: false
    }
  }

  /// Runs `body`; if the disk of the work folder was full, the failure names that folder.
  ///
  /// - Parameter work: the folder that everything is unpacked into.
  static func naming<Value>(work: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch  where isCause(error) {
      throw PlainFailure(
        (error as? any Failure)?.family ?? .database, "disk of the work folder",
        "the disk of \(work) is full: \((error as? any Failure)?.reason ?? "\(error)")",
        remedy: "free some space on that disk, or name a folder on another one with --work-folder, then run it again")
    }
  }

  /// Runs `body`; if the disk of the database or of the work folder was full, the failure names that disk.
  ///
  /// - Parameter work: the folder that contains the dump.
  static func naming<Value>(
    database: StagingDatabase, _ access: AdministratorAccess, work: String, _ body: () throws -> Value
  ) throws -> Value {
    do { return try body() } catch  where isCause(error) {
      let session = try? access.connect()
      defer { session?.close() }
      let folder = session.flatMap { DatabaseForm.folder(of: database.live, $0) }
      let isWork = (FileSystem.freeBytes(work) ?? .max) < 1 << 20
      let full = isWork ? work : folder ?? "PostgreSQL's data folder"
      let free = FileSystem.freeBytes(full).map { " (\(Amount.bytes($0)) free now)" } ?? ""
      throw PlainFailure(
        (error as? any Failure)?.family ?? .database, isWork ? "disk of the work folder" : "disk of the database",
        "the disk of \(full) is full: \((error as? any Failure)?.reason ?? "\(error)")",
        remedy: "free some space on the disk of \(full)\(free)"
          + (isWork ? ", or name another one with --work-folder" : "") + ", then restore again")
    }
  }
}
