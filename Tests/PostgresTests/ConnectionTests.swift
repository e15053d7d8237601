import Common
import Postgres
import Sandbox
import Testing

/// One cluster for all tests of this target.
enum Cluster {
  private static let made = Result { try Sandbox.temporary(servers: ["postgres"]) }

  static func connect() throws -> Connection { try #require(try made.get().servers.first).connect() }
  static func parameters() throws -> ConnectionParameters { try #require(try made.get().servers.first).parameters }
}

@Suite("A session with PostgreSQL")
struct ConnectionTests {
  @Test("A session can continue after a failed statement and a rollback")
  func failedStatement() throws {
    let connection = try Cluster.connect()
    #expect(throws: DatabaseFailure.self) { try connection.execute("SELECT 1; SELECT 1/0; SELECT 2") }
    #expect(try connection.value("SELECT 3") == "3")
    #expect(throws: DatabaseFailure.self) { try connection.transaction { _ = try connection.query("SELECT 1/0") } }
    #expect(try connection.value("SELECT 4") == "4")
  }

  @Test("An error carries its SQLSTATE, the table and the constraint, and keeps the row's values apart")
  func errorFields() throws {
    let connection = try Cluster.connect()
    try connection.execute("CREATE TEMP TABLE pair (id int PRIMARY KEY, word text)")
    try connection.execute("INSERT INTO pair VALUES (1, 'private')")
    let failure = #expect(throws: DatabaseFailure.self) { try connection.execute("INSERT INTO pair VALUES (1, 'x')") }
    #expect(failure?.sqlState == "23505")
    #expect(failure?.table == "pair")
    #expect(failure?.constraint == "pair_pkey")
    #expect(failure?.reason.contains("(id)=(1)") == false)
    #expect(failure?.detail?.contains("(id)=(1)") == true)
  }

  @Test("A missing database and a missing server are distinguished, each with its remedy")
  func refusedConnections() throws {
    var missing = try Cluster.parameters()
    missing.database = "nobody_made_this"
    let first = #expect(throws: DatabaseFailure.self) { _ = try Connection(missing) }
    #expect(first?.family == .connection)
    #expect(first?.remedy?.contains("database_name") == true)
    var silent = try Cluster.parameters()
    silent.host = "/nonexistent-socket-folder"
    let second = #expect(throws: DatabaseFailure.self) { _ = try Connection(silent) }
    #expect(second?.remedy?.contains("start PostgreSQL") == true)
  }

  @Test("Cancelling ends a running statement, and the session stays usable")
  func cancelling() throws {
    let connection = try Cluster.connect()
    let cancellation = Cancellation()
    connection.cancellation = cancellation
    let thread = try WorkerThread { cancellation.cancel() }
    #expect(throws: Cancelled.self) { try connection.execute("SELECT pg_sleep(600)") }
    thread.join()
    connection.cancellation = nil
    #expect(try connection.value("SELECT 5") == "5")
  }

  @Test("No password is in an error or in a description")
  func passwordsStayInside() throws {
    var parameters = try Cluster.parameters()
    parameters.password = Secret("correct-horse")
    parameters.database = "nobody_made_this"
    #expect(!"\(parameters)".contains("correct-horse"))
    let failure = #expect(throws: DatabaseFailure.self) { _ = try Connection(parameters) }
    #expect(failure.map { "\($0) \($0.reason) \($0.subject)".contains("correct-horse") } == false)
  }
}

@Suite("COPY")
struct CopyTests {
  @Test("Values of every type survive a binary round trip")
  func binaryRoundTrip() throws {
    let connection = try Cluster.connect()
    try connection.execute(
      "CREATE TEMP TABLE kinds (a int2, b int4, c int8, d bool, e text, f timestamptz, g jsonb, h float8)")
    let text = "naïve\t日本語\\n\n\"quoted\" 👩‍👩‍👧"
    let count = try connection.copyIn("COPY kinds FROM STDIN (FORMAT binary)") { writer in
      try writer.header()
      try writer.beginRow(columns: 8)
      try writer.smallint(-2)
      try writer.int(.max)
      try writer.bigint(.min)
      try writer.bool(true)
      try writer.text(text)
      try writer.timestamp(microseconds: 1_794_953_759_287_189)
      try Array("{\"k\": [1]}".utf8).withUnsafeBytes { try writer.jsonb($0) }
      try writer.double(0.1)
      try writer.beginRow(columns: 8)
      for _ in 0..<8 { try writer.null() }
      try writer.trailer()
    }
    #expect(count == 2)
    let row = try #require(
      try connection.query("SELECT a, b, c, d, e, extract(epoch from f)::numeric, g, h FROM kinds LIMIT 1").first)
    #expect(
      (0..<8).map { row[$0] } == [
        "-2", "2147483647", "-9223372036854775808", "t", text, "1794953759.287189", "{\"k\": [1]}", "0.1",
      ])
    var reader = BinaryRowReader()
    var rows = 0
    try connection.copyOut("COPY (SELECT b, e, f, NULL::int FROM kinds WHERE a IS NOT NULL) TO STDOUT (FORMAT binary)")
    {
      guard try reader.read($0) else { return }
      rows += 1
      #expect(reader.fields[0]?.postgresInteger == 2_147_483_647)
      #expect(reader.fields[1]?.postgresText == text)
      #expect(reader.fields[2]?.postgresMicroseconds == 1_794_953_759_287_189)
      #expect(reader.fields[3] == nil)
    }
    #expect(rows == 1)
  }

  @Test("Infinite times and numbers are read, and times beyond PostgreSQL's range are refused")
  func beyond() throws {
    let connection = try Cluster.connect()
    try connection.execute("CREATE TEMP TABLE ends (a timestamptz, b float4, c float8)")
    try connection.execute(
      """
      INSERT INTO ends VALUES ('infinity', 'NaN', 'infinity'), ('-infinity', 'infinity', 'NaN'),
        ('294276-12-31', 0, 0), ('4713-01-01 BC', 0, 0)
      """)
    var reader = BinaryRowReader()
    var moments: [Int64] = []
    var numbers: [Double?] = []
    try connection.copyOut("COPY (SELECT a, b, c FROM ends) TO STDOUT (FORMAT binary)") {
      guard try reader.read($0), let moment = reader.fields[0], let number = reader.fields[1] else { return }
      moments.append(moment.postgresMicroseconds)
      numbers.append(number.postgresDouble)
    }
    #expect(moments == [.max, .min, .max, -210_863_520_000_000_000])
    #expect(numbers.count == 4 && numbers[0]?.isNaN == true && numbers[1] == .infinity)
    #expect(throws: (any Error).self) {
      try connection.copyIn("COPY ends (a) FROM STDIN (FORMAT binary)") { writer in
        try writer.header()
        try writer.beginRow(columns: 1)
        try writer.timestamp(microseconds: .min)
      }
    }
    #expect(try connection.value("SELECT count(*) FROM ends") == "4")
  }

  @Test("Text rows keep tabs, line breaks, backslashes and NULL apart")
  func textRows() throws {
    let connection = try Cluster.connect()
    try connection.execute("CREATE TEMP TABLE words (a text, b text)")
    try connection.copyIn("COPY words FROM STDIN") { writer in
      try writer.row(["tab\there\nand \\N", nil])
      try writer.row(["\\N", ""])
    }
    let rows = try connection.query("SELECT a, b FROM words ORDER BY b NULLS FIRST")
    #expect(rows.map { $0[0] } == ["tab\there\nand \\N", "\\N"])
    #expect(rows.map { $0[1] } == [nil, ""])
  }

  @Test("A copy whose source fails copies nothing, and says why")
  func failingSource() throws {
    struct Broken: Error {}
    let connection = try Cluster.connect()
    try connection.execute("CREATE TEMP TABLE rows (a int)")
    #expect(throws: Broken.self) {
      try connection.copyIn("COPY rows FROM STDIN") { writer in
        for number in 0..<50_000 { try writer.row([String(number)]) }
        throw Broken()
      }
    }
    #expect(try connection.value("SELECT count(*) FROM rows") == "0")
  }

  @Test("A row refused by PostgreSQL is reported with its message")
  func refusedRow() throws {
    let connection = try Cluster.connect()
    try connection.execute("CREATE TEMP TABLE numbers (a int)")
    let failure = #expect(throws: DatabaseFailure.self) {
      try connection.copyIn("COPY numbers FROM STDIN") { try $0.row(["twelve"]) }
    }
    #expect(failure?.sqlState == "22P02")
  }

  @Test("A session stays usable after a partly read COPY")
  func abandonedReading() throws {
    struct Enough: Error {}
    let connection = try Cluster.connect()
    #expect(throws: Enough.self) {
      try connection.copyOut("COPY (SELECT generate_series(1, 1000000)) TO STDOUT") { _ in throw Enough() }
    }
    #expect(try connection.value("SELECT 6") == "6")
  }

  @Test("Sessions with a shared snapshot see the same data")
  func snapshots() throws {
    let holder = try Cluster.connect()
    let other = try Cluster.connect()
    let writer = try Cluster.connect()
    try writer.execute("DROP TABLE IF EXISTS seen; CREATE TABLE seen (a int); INSERT INTO seen VALUES (1)")
    let snapshot = try holder.exportSnapshot()
    try writer.execute("INSERT INTO seen VALUES (2)")
    try other.adopt(snapshot)
    #expect(try other.value("SELECT count(*) FROM seen") == "1")
    #expect(try writer.value("SELECT count(*) FROM seen") == "2")
  }
}

@Suite("Names in SQL")
struct IdentifierTests {
  @Test("Names and literals cannot end early")
  func quoting() throws {
    #expect(Identifier.quote("a\"b") == "\"a\"\"b\"")
    let connection = try Cluster.connect()
    for text in ["it's", "back\\slash'", "'; DROP TABLE x; --"] {
      #expect(try connection.value("SELECT \(Identifier.literal(text))") == text)
    }
  }
}

@Suite("The catalog")
struct CatalogTests {
  @Test("The catalog contains columns, keys, sequences, indexes and triggers")
  func facts() throws {
    let catalog = try Catalog.read(try Cluster.connect(), schema: "aloha")
    let message = try #require(catalog["zerver_message"])
    #expect(message.primaryKey == ["id"])
    #expect(message.column("content")?.type == "text")
    #expect(message.column("realm_id")?.isRequired == true)
    #expect(message.foreignKey("sender_id")?.table == "zerver_userprofile")
    #expect(message.column("id")?.sequence?.contains("zerver_message_id_seq") == true)
    #expect(!message.triggers.isEmpty)
    #expect(message.indexes.contains { $0.isPrimary })
    #expect(catalog["zerver_realmdomain"]?.column("id")?.sequence?.contains("zerver_realmalias_id_seq") == true)
  }
}
