import Foundation
import Postgres
import Synchronization
import Testing

@Suite("The catalog of a schema that changes")
struct ChangingCatalogTests {
  /// Drops and creates the indexes of a table repeatedly until ``stop()``.
  private final class Rebuilding: Sendable {
    private let isOver = Mutex(false)
    private let hasStopped = DispatchSemaphore(value: 0)

    init(_ schema: String) throws {
      let parameters = try Cluster.parameters()
      Thread.detachNewThread { [self] in
        defer { hasStopped.signal() }
        guard let connection = try? Connection(parameters) else { return }
        while !isOver.withLock({ $0 }) {
          for number in 0..<8 {
            try? connection.execute(
              """
              DROP INDEX IF EXISTS \(schema).word_\(number);
              CREATE INDEX word_\(number) ON \(schema).note (upper(word), id)
              """)
          }
        }
      }
    }

    func stop() {
      isOver.withLock { $0 = true }
      hasStopped.wait()
    }
  }

  @Test("A schema can be read while another session drops and creates indexes, inside a transaction too")
  func changing() throws {
    let connection = try Cluster.connect()
    try connection.execute("CREATE SCHEMA changing; CREATE TABLE changing.note (id int PRIMARY KEY, word text)")
    let rebuilding = try Rebuilding("changing")
    defer { rebuilding.stop() }
    for _ in 0..<400 {
      let catalog = try Catalog.read(connection, schema: "changing")
      #expect(catalog["note"]?.column("word") != nil)
    }
    try connection.transaction {
      for _ in 0..<400 { _ = try Catalog.read(connection, schema: "changing") }
      // The transaction remains usable after reads that had to be repeated.
      try connection.execute("INSERT INTO changing.note VALUES (1, 'kept')")
    }
    #expect(try connection.value("SELECT word FROM changing.note") == "kept")
  }
}
