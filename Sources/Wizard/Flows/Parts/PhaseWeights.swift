import Engine

/// How long each phase takes compared with the others, for the overall bar; 1 unless named here. As measured with many
/// messages and few files.
enum PhaseWeights {
  static let export: [String: Double] = ["messages": 15, "tables": 2, "files": 8, "verify": 5]

  static let `import`: [String: Double] = [
    "unpack": 5, "survey": 5, "files": 8, "tables": 2, "messages": 70, "links": 3, "indexes": 20, "commit": 20,
  ]

  /// A move is an export and an import, and its phases say of which they are.
  static let move = of("export", export).merging(of("import", `import`)) { first, _ in first }

  static let deletion: [String: Double] = ["rows": 20, "files": 5]

  static let backup: [String: Double] = [
    "dump": 40, "count": 4, "database": 6, "uploads": 20, "verify": 10, "encrypt": 5,
  ]

  static let pruning: [String: Double] = ["verify": 20]
  static let restore: [String: Double] = ["unpack": 20, "database": 60, "compare": 8, "prepare": 3]
  static let rehearsal: [String: Double] = ["unpack": 20, "database": 60, "compare": 8, "start": 3]

  /// Whoever begins or watches a job, and knows of it only what is in its folder.
  static func of(_ job: JobDescription) -> [String: Double] {
    switch job {
    case .export: export
    case .import: `import`
    case .move: move
    case .deleteOrganization: deletion
    case .backup: backup
    case .pruneBackups: pruning
    case .restore, .resumeRestore: restore
    case .rehearseRestore: rehearsal
    default: [:]
    }
  }

  private static func of(_ part: String, _ weights: [String: Double]) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: weights.map { ("\(part).\($0)", $1) })
  }
}
