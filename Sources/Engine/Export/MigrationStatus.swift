import Common

/// `migration_status.json`: which migrations the source had, so that an importer can refuse what would not fit.
enum MigrationStatus {
  static let fileName = "migration_status.json"

  static func encode(_ version: ServerVersion, brand: Brand) -> [UInt8] {
    let output = JSONBuffer()
    output.raw("{\"migrations_by_app\":{")
    for (index, app) in version.migrations.keys.sorted().enumerated() {
      output.raw(index == 0 ? "\n" : ",\n")
      output.string(app)
      output.raw(":[")
      for (position, name) in (version.migrations[app] ?? []).sorted().enumerated() {
        if position > 0 { output.byte(0x2C) }
        output.string("[X] \(name)")
      }
      output.raw("]")
    }
    output.raw("\n},\"")
    output.raw(Array(brand.versionKey.utf8))
    output.raw("\":")
    if let name = version.name { output.string(name) } else { output.null() }
    output.raw("}\n")
    return Array(output.bytes)
  }
}
