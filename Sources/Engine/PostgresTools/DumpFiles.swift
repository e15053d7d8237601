import Common

/// Whether a dump in the directory format has the files that its table of contents speaks of.
enum DumpFiles {
  /// Files with rows of tables that are not there, the first of each table.
  ///
  /// - Parameter names: of the files in the dump's folder.
  static func missing(_ contents: DumpContents, among names: Set<String>) -> [String] {
    contents.tables.compactMap { entry in
      let id = entry.line.prefix { $0.isNumber }
      let forms = ["", ".gz", ".lz4", ".zst"].map { "\(id).dat\($0)" }
      return id.isEmpty || forms.contains(where: names.contains)
        ? nil : "\(id).dat (\(SafeText.clean(entry.name, limit: 80)))"
    }
  }

  /// - Parameter archive: whose dump it is.
  /// - Throws: `.damagedArchive` where some are missing.
  static func require(_ contents: DumpContents, in folder: String, of archive: String) throws {
    let missing = try missing(contents, among: Set(FileSystem.names(in: folder)))
    guard let first = missing.first else { return }
    throw PlainFailure(
      .damagedArchive, SafeText.clean(archive, limit: 300),
      "its dump lacks \(missing.count == 1 ? "a file with rows" : "\(missing.count) files with rows"): \(first)",
      remedy: "use another backup: nothing of this server was touched")
  }
}
