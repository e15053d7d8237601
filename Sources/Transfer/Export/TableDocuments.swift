import Archive
import Common
import JSON
import Operations
import Postgres
import Server

/// Writes the documents that hold whole tables: `realm.json`, `attachment.json`, `analytics.json`.
struct TableDocuments {
  let model: DataModel
  let scope: ExportScope
  let brand: Brand
  /// Whether the organization is exported as active, whatever the database says.
  let asActive: Bool
  /// The host name of the server.
  let host: String

  /// Returns the number of rows of all documents except the messages.
  func count(_ connection: Connection) throws -> Int64 {
    try model.tables.filter { $0.document != .messages }.reduce(0) { sum, table in
      let rows = try connection.value(
        "SELECT count(*) FROM \(Identifier.quote(table.name)) t WHERE \(scope.condition(for: table))")
      return sum + (rows.flatMap { Int64($0) } ?? 0)
    }
  }

  /// The result of writing one document.
  struct Written {
    /// The number of rows of each table.
    var rows: [String: Int64] = [:]
    var changed: [Manifest.Changed] = []
  }

  /// Writes one document into the archive.
  func write(
    _ document: TableRule.Document, to archive: ArchiveWriter, _ connection: Connection, meter: Meter
  ) throws -> Written {
    var counts: [String: Int64] = [:]
    var changed: [Manifest.Changed] = []
    try archive.addSpooled(document.rawValue) { spool in
      let output = JSONBuffer(capacity: 1 << 19)
      var isFirst = true

      func begin(_ table: String) {
        output.raw(isFirst ? "{" : ",\n")
        output.string(table)
        output.raw(":[")
        isFirst = false
      }

      for table in model.tables(in: document) {
        begin(table.name)
        let encoder = RowEncoder(table, scope: scope, replacing: replacements(for: table), asActive: asActive)
        let changes = ChangedValues()
        var aside: JSONBuffer?
        if table.rows == .users { aside = JSONBuffer() }
        var written: Int64 = 0
        var reader = BinaryRowReader()
        let dummyField = encoder.position(of: "is_mirror_dummy")
        let order = table.hasID ? "t.id" : table.columns.first { $0.name.hasSuffix("_ptr_id") }.map { "t.\($0.name)" }
        let copy = encoder.copy(where: scope.condition(for: table), orderBy: order)
        try connection.copyOut(copy) { message in
          guard try reader.read(message) else { return }
          // Mirror dummies, which exist only as authors of old messages, have a table of their own in the format.
          let isDummy = dummyField.flatMap { reader.fields[$0] }?.postgresBool ?? false
          let target = isDummy ? aside ?? output : output
          if target !== output ? target.count > 0 : written > 0 { target.byte(0x2C) }
          target.byte(0x0A)
          encoder.encode(reader.fields, into: target, changes: changes)
          if target === output { written += 1 } else { counts[TableName.mirrorDummies, default: 0] += 1 }
          if output.count > 1 << 18 {
            try spool.write(output.bytes)
            output.removeAll()
          }
          try meter.advance()
        }
        output.raw("\n]")
        counts[table.name] = written
        changed += changes.list(encoder)
        if let aside {
          begin(TableName.mirrorDummies)
          output.raw(aside.bytes)
          output.raw("\n]")
          begin(TableName.crossRealmBots)
          writeSystemBots(into: output)
          output.raw("\n]")
          counts[TableName.mirrorDummies, default: 0] += 0
          counts[TableName.crossRealmBots] = Int64(scope.systemBots.count)
        }
      }
      if document == .realm, !isFirst {
        // Later versions of the official importer require the origin of the rows.
        output.raw(",\n\"import_source\":")
        output.string(brand.rawValue)
      }
      output.raw(isFirst ? "{}\n" : "}\n")
      try spool.write(output.bytes)
    }
    return Written(rows: counts, changed: changed)
  }

  /// System bots are exported by name: the importer maps them to those of its own server.
  private func writeSystemBots(into output: JSONBuffer) {
    for (index, bot) in scope.systemBots.enumerated() {
      if index > 0 { output.byte(0x2C) }
      output.raw("\n{\"email\":")
      output.string("\(bot.localPart)@\(brand.botDomain)")
      output.raw(",\"id\":")
      output.integer(bot.id)
      if let recipient = bot.recipient {
        output.raw(",\"recipient_id\":")
        output.integer(recipient)
      } else if scope.hasPersonalRecipients {
        // Importers of such versions expect the key.
        output.raw(",\"recipient_id\":null")
      }
      output.byte(0x7D)
    }
  }

  private func replacements(for table: DataModel.Table) -> [String: String] {
    var expressions = GuardedColumns(scope: scope, host: host).expressions(for: table)
    expressions.merge(scope.looseReferences(of: table)) { own, _ in own }
    // The path of a full export's archive is private to those who may read all of it.
    if table.name == TableName.realmExport, scope.reach != .everything, table.column("export_path") != nil {
      expressions["export_path"] = "NULL::text"
    }
    // A user of another organization (a server administrator) may have acted here; that user is not exported.
    if table.column("acting_user_id")?.references == TableName.userProfile, table.column("realm_id") != nil {
      expressions["acting_user_id"] =
        "(SELECT u.id FROM zerver_userprofile u WHERE u.id = t.acting_user_id AND u.realm_id = t.realm_id)"
    }
    return expressions
  }
}
