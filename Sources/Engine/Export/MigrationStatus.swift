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

  /// The applied migrations by app; empty where the text is not what it should be.
  static func decode(_ bytes: [UInt8]) -> [String: [String]] {
    var apps: [String: [String]] = [:]
    try? bytes.withUnsafeBytes { text in
      var scanner = JSONScanner(text, name: fileName)
      try scanner.object { scanner, key in
        guard String(decoding: key, as: UTF8.self) == "migrations_by_app" else {
          _ = try scanner.value()
          return
        }
        try scanner.object { scanner, key in
          let app = String(decoding: key, as: UTF8.self)
          apps[app] = []
          try scanner.array { scanner in
            guard let line = try scanner.value().text else { return }
            // "[X] 0001_initial" is applied, "[ ] …" is not; a bare name is applied too.
            if line.hasPrefix("[ ]") { return }
            apps[app]?.append(line.hasPrefix("[") ? String(line.dropFirst(4)) : line)
          }
        }
      }
    }
    return apps
  }

  /// Apps that only the cloud has, or that say nothing about an organization's rows.
  private static let unimportant: Set<String> = [
    "zilencer", "corporate", "guardian", "auth", "contenttypes", "sessions", "phonenumber", "otp_static", "otp_totp",
    "social_django", "two_factor",
  ]

  /// What differs, a sentence an app; nothing where an import is safe.
  static func difference(archive: [String: [String]], server: [String: [String]]) -> [String] {
    archive.keys.sorted().compactMap { app in
      guard !unimportant.contains(app), let here = server[app] else { return nil }
      let there = Set(archive[app] ?? []).map(name)
      let missing = Set(there).subtracting(here.map(name))
      let extra = Set(here.map(name)).subtracting(there)
      // Migrations that replace others stand on one side only where the other was upgraded step by step.
      let squashed = { (names: Set<String>) in names.filter { !$0.contains("squashed") }.sorted() }
      let (lacks, beyond) = (squashed(missing), squashed(extra))
      if lacks.isEmpty && beyond.isEmpty { return nil }
      var parts: [String] = []
      if let last = lacks.last { parts.append("this server lacks \(lacks.count), the last of them \(last)") }
      if let last = beyond.last { parts.append("the archive lacks \(beyond.count), the last of them \(last)") }
      return "\(app): " + parts.joined(separator: ", ")
    }
  }

  private static func name(_ migration: String) -> String { SafeText.clean(migration, limit: 80) }
}
