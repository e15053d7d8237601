import Postgres
import Testing

@testable import Server

@Suite("The table of the server's tables")
struct TableMapTests {
  private func isColumn(_ rule: ColumnRule) -> Bool {
    switch rule.exported {
    // Keys of the export that are no columns.
    case .emptyList, .identifiers: false
    // The value of another column under a second key.
    case .copy: false
    default: rule.imported != .ignored
    }
  }

  @Test("Every exported table and each of its columns is in a known version")
  func known() throws {
    for rule in TableMap.all {
      guard case .exported(_, let rows) = rule.disposition else { continue }
      let table = try #require(KnownSchema.catalog[rule.table], "\(rule.table) is not in KnownSchemaText")
      for column in rule.columns where isColumn(column) {
        #expect(table.column(column.column) != nil, "\(rule.table).\(column.column)")
      }
      switch rows {
      case .organizationColumn(let column), .userColumn(let column), .profileColumn(let column),
        .parentColumn(let column, _):
        #expect(table.column(column) != nil, "\(rule.table).\(column)")
      default: break
      }
    }
  }

  @Test("Every table of the known versions is in the map, and none twice")
  func complete() {
    let names = TableMap.all.map(\.table)
    #expect(Set(names).count == names.count)
    #expect(Set(KnownSchema.catalog.tables.keys).isSubset(of: names))
  }

  @Test("A table that is not exported has a reason")
  func reasons() {
    for rule in TableMap.all {
      if case .staysBehind(let reason) = rule.disposition { #expect(!reason.isEmpty, "\(rule.table)") }
    }
  }
}
