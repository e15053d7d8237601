import Common
import JSON
import Operations

/// `migration_status.json`: the migrations of the source, by which an importer can refuse an incompatible archive.
package enum MigrationStatus {
  package static let fileName = "migration_status.json"

  package static func encode(_ version: ServerVersion, brand: Brand) -> [UInt8] {
    let output = JSONBuffer()
    output.raw("{\"migrations_by_app\":{")
    let apps = listed(version.migrations, squashed: version.squashed)
    for (index, app) in apps.keys.sorted().enumerated() {
      output.raw(index == 0 ? "\n" : ",\n")
      output.string(app)
      output.raw(":[")
      for (position, title) in (apps[app] ?? []).enumerated() {
        if position > 0 { output.byte(0x2C) }
        output.string(title)
      }
      output.raw("]")
    }
    output.raw("\n},\"")
    output.raw(Array(brand.versionKey.utf8))
    output.raw("\":")
    // The official importer compares the part before the first full stop, and fails on anything but text.
    output.string(version.name ?? estimatedVersion(version.migrations) ?? "unknown")
    output.raw("}\n")
    return Array(output.bytes)
  }

  /// Why the text is not what a server writes, as the end of a sentence; nil for a valid text.
  ///
  /// A text with a fault says nothing about migrations: it must not pass for one that says "the same".
  package static func fault(_ bytes: [UInt8]) -> String? { parse(bytes).fault }

  /// Returns the applied migrations by app; empty if the text is invalid.
  package static func decode(_ bytes: [UInt8]) -> [String: [String]] { parse(bytes).apps }

  /// Returns the version of the server that the text names; nil if it names none or is invalid.
  package static func version(_ bytes: [UInt8]) -> String? { parse(bytes).version }

  /// Whether migrations of the server itself are among these; without them two servers cannot be compared.
  package static func namesServer(_ apps: [String: [String]]) -> Bool { !(apps[serverApp] ?? []).isEmpty }

  /// The app of the server's own tables.
  private static let serverApp = "zerver"

  private static func parse(_ bytes: [UInt8]) -> (apps: [String: [String]], version: String?, fault: String?) {
    var apps: [String: [String]] = [:]
    var version: String?
    var fault: String?
    do {
      try bytes.withUnsafeBytes { text in
        if let place = StrictJSON.firstFault(text) {
          fault = "it is not valid JSON, at byte \(place)"
          return
        }
        var scanner = JSONScanner(text, name: fileName)
        guard scanner.peek() == 0x7B else {
          fault = "it is not a JSON object"
          return
        }
        try scanner.object { scanner, key in
          if Brand.allCases.contains(where: { key.elementsEqual($0.versionKey.utf8) }) {
            version = try scanner.value().text
            if version == nil { fault = "its version is not a text" }
          } else if key.elementsEqual("migrations_by_app".utf8) {
            guard scanner.peek() == 0x7B else {
              fault = "its migrations are not listed by app"
              _ = try scanner.value()
              return
            }
            try scanner.object { scanner, key in
              let app = String(decoding: key, as: UTF8.self)
              if let names = try migrations(&scanner) {
                apps[app] = names
              } else {
                fault = "the migrations of \(SafeText.clean(app, limit: .word)) are not a list of texts"
              }
            }
          } else {
            _ = try scanner.value()
          }
        }
      }
    } catch {
      fault = "it cannot be read: \(FailureReport(error).reason)"
    }
    return fault == nil ? (apps, version, nil) : ([:], nil, fault)
  }

  /// Reads the migrations of one app; nil if the value is not a list of texts.
  private static func migrations(_ scanner: inout JSONScanner) throws -> [String]? {
    guard scanner.peek() == 0x5B else {
      _ = try scanner.value()
      return nil
    }
    var names: [String] = []
    var isValid = true
    try scanner.array { scanner in
      guard let line = try scanner.value().text else {
        isValid = false
        return
      }
      // "[X] 0001_initial" is applied, "[ ] …" is not; a bare name is applied too.
      if line.hasPrefix("[ ]") || line == noMigrations { return }
      let name = line.hasPrefix("[") ? line.dropFirst(4) : Substring(line)
      // "0001_squashed_0569 (545 squashed migrations)"
      names.append(String(name.prefix { $0 != " " }))
    }
    return isValid ? names : nil
  }

  /// Returns the number before the first full stop of a version: 11 for "11.0-dev"; nil if there is none.
  package static func major(_ version: String) -> Int? { Int(version.prefix { $0 != "." }) }

  // MARK: Format of the server's own command

  private static let noMigrations = "(no migrations)"

  /// Leftovers of early versions; the server's own list omits them.
  private static let stale: Set<String> = [
    "default.0005_auto_20160727_2333", "zerver.0002_django_1_8", "zerver.0003_custom_indexes",
    "zerver.0004_userprofile_left_side_userlist", "zerver.0005_auto_20150920_1340",
    "zerver.0006_zerver_userprofile_email_upper_idx", "zerver.0007_userprofile_is_bot_active_indexes",
    "zerver.0008_preregistrationuser_upper_email_idx", "zerver.0009_add_missing_migrations",
    "zerver.0010_delete_streamcolor", "zerver.0011_remove_guardian", "zerver.0012_remove_appledevicetoken",
    "zerver.0013_realmemoji", "zerver.0014_realm_emoji_url_length", "zerver.0015_attachment",
    "zerver.0016_realm_create_stream_by_admins_only", "zerver.0017_userprofile_bot_type",
    "zerver.0018_realm_emoji_message", "zerver.0019_preregistrationuser_realm_creation",
    "zerver.0020_add_tracking_attachment", "zerver.0021_migrate_attachment_data",
    "zerver.0022_subscription_pin_to_top", "zerver.0023_userprofile_default_language",
    "zerver.0024_realm_allow_message_editing", "zerver.0025_realm_message_content_edit_limit",
    "zerver.0026_delete_mituser", "zerver.0027_realm_default_language", "zerver.0028_userprofile_tos_version",
  ]

  /// Apps whose migrations are in the database under a former name, with the present name under which they count.
  private static let renamed = [
    "default": "social_django", "social_auth": "social_django", "two_factor": "phonenumber",
  ]
  private static let gone: Set<String> = ["guardian", "sites", "twofactor"]

  /// Returns the lines of each app: the applied migrations, without those that a squashed migration replaces.
  ///
  /// The official importer compares these lines as text, including the number of migrations that each squashed one
  /// replaces.
  ///
  /// - Parameter squashed: the installed squashed migrations; one that the database does not record, although it
  ///   records all that it replaces, is listed as squashed.
  static func listed(_ applied: [String: [String]], squashed: [String: [String]] = [:]) -> [String: [String]] {
    var lines: [String: [String]] = [:]
    for (app, all) in applied where renamed[app] == nil && !gone.contains(app) {
      let names = all.filter { !stale.contains("\(app).\($0)") }
      let elsewhere = renamed.filter { $0.value == app }.keys.flatMap { old in
        (applied[old] ?? []).filter { !stale.contains("\(old).\($0)") }
      }
      let unnamed = (squashed[app] ?? []).filter { name in
        !names.contains(name) && names.contains { squashedRange(name)?.contains(number($0)) ?? false }
      }
      lines[app] = titles(names + unnamed, elsewhere: elsewhere).map { title in
        (unnamed.contains { title.hasPrefix("\($0) ") } ? "[-] " : "[X] ") + title
      }
    }
    // Its migrations were moved to the app of phone numbers and are counted there.
    if let phones = lines["phonenumber"], applied["two_factor"] != nil,
      phones.contains(where: { $0.contains("squash") })
    {
      lines["two_factor"] = [noMigrations]
    } else if let own = applied["two_factor"] {
      lines["two_factor"] = titles(own, elsewhere: []).map { "[X] \($0)" }
    }
    return lines
  }

  /// - Parameter elsewhere: migrations recorded under an app's former name, replaced by those of the same name.
  private static func titles(_ names: [String], elsewhere: [String]) -> [String] {
    var counts: [String: Int] = [:]
    var replaced: Set<String> = []
    for name in names {
      if let range = squashedRange(name) {
        let inside = names.filter { $0 != name && squashedRange($0) == nil && range.contains(number($0)) }
        replaced.formUnion(inside)
        counts[name] = inside.count + (range == 1...1 ? elsewhere.count : 0)
      } else {
        counts[name] = elsewhere.count { $0 == name }
      }
    }
    return names.filter { !replaced.contains($0) }.sorted().map { name in
      let count = counts[name] ?? 0
      return count > 0 ? "\(name) (\(count) squashed migrations)" : name
    }
  }

  /// Returns the numbers of the migrations that a squashed one replaces: "0001_squashed_0569".
  private static func squashedRange(_ name: String) -> ClosedRange<Int>? {
    guard let words = name.firstRange(of: "_squashed_") else { return nil }
    let (first, last) = (number(name), number(String(name[words.upperBound...])))
    return last >= first ? first...last : nil
  }

  private static func number(_ name: String) -> Int { Int(name.prefix { $0.isNumber }) ?? 0 }

  /// Versions of the server, each with approximately its first migration.
  private static let versions = [(9, 500), (10, 561), (11, 686), (12, 751)]

  /// Estimates the version from the newest migration if nothing else names it; nil for early versions.
  private static func estimatedVersion(_ applied: [String: [String]]) -> String? {
    let newest = newestNumber(applied["zerver"] ?? [])
    return versions.last { newest >= $0.1 }.map { "\($0.0).0 (estimated from its migrations)" }
  }

  /// Returns the number of the newest migration; a squashed one counts as the last that it replaces.
  package static func newestNumber(_ names: [String]) -> Int {
    names.map { squashedRange($0)?.upperBound ?? number($0) }.max() ?? 0
  }

  // MARK: Differences

  /// Apps that only the cloud has, or that do not affect the rows of an organization.
  private static let unimportant: Set<String> = [
    "zilencer", "corporate", "guardian", "auth", "contenttypes", "sessions", "phonenumber", "otp_static", "otp_totp",
    "social_django", "two_factor",
  ]

  /// Returns the differences, one sentence per app; empty if an import is safe.
  package static func difference(archive: [String: [String]], server: [String: [String]]) -> [String] {
    archive.keys.sorted().compactMap { app in
      guard !unimportant.contains(app), let here = server[app] else { return nil }
      let (lacks, beyond) = apart(archive[app] ?? [], here)
      if lacks.isEmpty && beyond.isEmpty { return nil }
      var parts: [String] = []
      if let last = lacks.last { parts.append("this server lacks \(lacks.count), the last of them \(last)") }
      if let last = beyond.last { parts.append("the archive lacks \(beyond.count), the last of them \(last)") }
      return "\(app): " + parts.joined(separator: ", ")
    }
  }

  /// Returns the migrations that only one side has. A side may list a squashed migration, those that it replaces, or
  /// both.
  private static func apart(_ archive: [String], _ server: [String]) -> (lacks: [String], beyond: [String]) {
    let ranges = (archive + server).compactMap(squashedRange)
    func plain(_ names: [String]) -> Set<String> {
      Set(names.filter { name in !ranges.contains { $0.contains(number(name)) } }.map(name))
    }
    let covered = { (names: [String]) in max(newestNumber(names), 0) }
    let (there, here) = (plain(archive), plain(server))
    // A side that has none of the migrations that the other's squashed ones replace is of another version.
    let last = ranges.map(\.upperBound).max() ?? 0
    let short = { (names: [String]) in covered(names) < last ? ["up to number \(last)"] : [] }
    return (
      (there.subtracting(here).sorted() + short(server)), (here.subtracting(there).sorted() + short(archive))
    )
  }

  private static func name(_ migration: String) -> String { SafeText.clean(migration, limit: .label) }
}
