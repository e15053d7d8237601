import Common
import JSON
import Operations
import Postgres
import Server

/// Writes all rows of an archive, table by table.
struct RowImport {
  let model: DataModel
  let survey: ArchiveIndex
  let facts: ImportContext
  let brand: Brand
  /// The number of rows written, by table.
  private(set) var written: [String: Int] = [:]

  init(model: DataModel, survey: ArchiveIndex, facts: ImportContext, brand: Brand) {
    self.model = model
    self.survey = survey
    self.facts = facts
    self.brand = brand
  }

  /// - Parameter complete: called when all tables except the large ones are written.
  mutating func run(
    _ connection: Connection, bulk: BulkLoad, progress: Progress, complete: () throws -> Void
  ) throws {
    var bulk = bulk
    var remarks = TableLoader.Remarks()

    let tables = model.tables.filter {
      $0.document == .realm && $0.notImported == nil && $0.rows != .everything && $0.rows != .reactions
        && !facts.leftOutTables.contains($0.name)
    }
    let total = tables.reduce(Int64(0)) { $0 + (survey.counts[$1.name] ?? 0) }
    try bulk.prepare()
    try progress.phase(ImportOperation.Phase.tables, total: total, unit: .rows) { meter in
      for table in tables { try load(table, survey.realm, connection, meter, &remarks) }
    }

    try complete()

    let large = [TableName.message, TableName.userMessage, TableName.reaction].reduce(Int64(0)) {
      $0 + (survey.counts[$1] ?? 0)
    }
    try progress.phase(ImportOperation.Phase.messages, total: large, unit: .rows) { meter in
      try bulk.begin()
      try messages(connection, meter, &remarks)
      for table in model.tables where table.rows == .reactions {
        try load(table, survey.realm, connection, meter, &remarks)
      }
      try bulk.end()
    }
    try progress.phase(ImportOperation.Phase.indexes, total: bulk.steps) { meter in
      try bulk.finish { try meter.advance() }
    }

    try progress.phase(ImportOperation.Phase.links, unit: .rows) { meter in
      if let attachments = survey.attachments {
        for table in model.tables(in: .attachments) {
          try load(table, attachments, connection, meter, &remarks)
          try joins(of: table, attachments, connection)
        }
      }
      if let analytics = survey.analytics {
        for table in model.tables(in: .analytics) {
          try load(table, analytics, connection, meter, &remarks)
        }
      }
    }
    report(remarks, progress)
  }

  private mutating func load(
    _ table: DataModel.Table, _ document: TableDocument, _ connection: Connection, _ meter: Meter,
    _ remarks: inout TableLoader.Remarks
  ) throws {
    let present = survey.keys(of: table.name)
    guard !present.isEmpty else { return }
    let loader = TableLoader(table, present: present, facts: facts, model: model, brand: brand)
    written[table.name] = try loader.load(connection, remarks: &remarks) { row in
      let sources =
        table.rows == .users ? [table.name, table.name + "_mirrordummy"] : [table.name]
      for source in sources {
        try document.rows(of: source, keys: loader.keys) { reader in
          try row(reader)
          try meter.advance()
        }
      }
    }
  }

  // MARK: Messages

  /// Writes each table in one stream, whatever the number of files: repeated COPY statements into one table are slow.
  private mutating func messages(
    _ connection: Connection, _ meter: Meter, _ remarks: inout TableLoader.Remarks
  ) throws {
    for name in [TableName.message, TableName.userMessage] {
      let present = survey.keys(of: name)
      guard let table = model[name], !present.isEmpty else { continue }
      let loader = TableLoader(table, present: present, facts: facts, model: model, brand: brand)
      written[name] = try loader.load(connection, remarks: &remarks) { row in
        try survey.messageRows(of: name, keys: loader.keys) { reader in
          try row(reader)
          try meter.advance()
        }
      }
    }
  }

  // MARK: Joining tables

  /// Writes the rows of the joining tables between attachments and messages; the archive holds them as lists inside the
  /// attachments.
  private mutating func joins(
    of table: DataModel.Table, _ document: TableDocument, _ connection: Connection
  ) throws {
    guard let own = facts.maps[table.name] else { return }
    for column in table.columns {
      guard case .identifiers(let joining, let child) = column.exported, let target = model.catalog[joining],
        let other = target.foreignKey(child)?.table, let map = facts.maps[other] ?? .some(IDMap())
      else { continue }
      let parent = (table.name.split(separator: "_").last.map(String.init) ?? "") + "_id"
      let copy =
        "COPY \(Identifier.quote(joining)) (\(Identifier.list([parent, child]))) FROM STDIN"
      written[joining] = try connection.copyIn(copy) { writer in
        try document.rows(of: table.name, keys: ["id", column.key]) { reader in
          guard let id = reader[0].int.flatMap({ own[$0] }), reader[1].kind == .array else { return }
          var scanner = JSONScanner(reader[1].bytes, name: document.name)
          var tied: Set<Int64> = []
          try scanner.array { scanner in
            // References to missing rows were counted when the archive was read.
            guard let new = try scanner.value().int.flatMap({ map[$0] }), tied.insert(new).inserted else { return }
            try writer.row([String(id), String(new)])
          }
        }
      }
    }
  }

  // MARK: Report

  private func report(_ remarks: TableLoader.Remarks, _ progress: Progress) {
    for (column, count) in remarks.keptTexts.sorted(by: { $0.key < $1.key }) {
      progress.warn(
        "\(column): \(Amount.of(Int64(count), "text")) would be too long with the new ids, and keep the old ones")
    }
    if remarks.unknownFieldUsers > 0 {
      progress.warn(
        "Custom profile fields: \(Amount.of(Int64(remarks.unknownFieldUsers), "user")) who are not in the archive are "
          + "left out")
    }
    // The dropped authentication methods are reported by name elsewhere.
    for (table, count) in remarks.leftOut.sorted(by: { $0.key < $1.key })
    where table != TableName.realmAuthenticationMethod {
      progress.note("\(table): \(Amount.of(Int64(count), "row")) left out: this server has or makes them itself")
    }
    for (column, count) in remarks.unknownReferences.sorted(by: { $0.key < $1.key }) {
      progress.warn(
        "\(column): \(Amount.of(Int64(count), "reference")) inside texts to people, channels, groups or messages that are "
          + "not in the archive; mentions go by name, links stay as they are")
    }
  }
}
