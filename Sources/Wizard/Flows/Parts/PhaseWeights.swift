import Engine

/// How long each phase takes compared with the others, for the overall bar; 1 unless named here.
///
/// In tenths of a second, as the journals of jobs had them with 200,000 messages, 1.9 million rows and few files, on two
/// cores and into a fresh server. Phases of the server's own scripts were not measured.
enum PhaseWeights {
  static let export: [String: Double] = ["read": 3, "messages": 20, "tables": 2, "verify": 6]

  static let `import`: [String: Double] = ["unpack": 5, "survey": 5, "messages": 48, "indexes": 118, "commit": 18]

  /// A move is an export and an import, and its phases say of which they are.
  static let move = of("export", export).merging(of("import", `import`)) { first, _ in first }

  static let deletion: [String: Double] = ["rows": 28]
  static let backup: [String: Double] = ["dump": 15, "count": 2]
  static let restore: [String: Double] = ["check": 2, "database": 123, "compare": 2, "prepare": 2, "export": 31]
  static let rehearsal: [String: Double] = ["start": 8, "database": 118]
  static let verification: [String: Double] = ["read": 33]

  /// Whoever begins or watches a job, and knows of it only what is in its folder.
  static func of(_ job: JobDescription) -> [String: Double] {
    switch job {
    case .export: export
    case .import: `import`
    case .move: move
    case .deleteOrganization: deletion
    case .backup: backup
    case .restore, .resumeRestore, .clearRestore: restore
    case .rehearseRestore: rehearsal
    default: [:]
    }
  }

  private static func of(_ part: String, _ weights: [String: Double]) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: weights.map { ("\(part).\($0)", $1) })
  }
}
