import Common

/// Checks that a dump in the directory format has all files of its table of contents.
package enum DumpFiles {
  /// Returns the missing files with rows of tables, one per table.
  ///
  /// - Parameter names: the names of the files in the dump's folder.
  package static func missing(_ contents: DumpContents, among names: Set<String>) -> [String] {
    contents.tables.compactMap { entry in
      let id = entry.line.prefix { $0.isNumber }
      let forms = ["", ".gz", ".lz4", ".zst"].map { "\(id).dat\($0)" }
      return id.isEmpty || forms.contains(where: names.contains)
        ? nil : "\(id).dat (\(SafeText.clean(entry.name, limit: .label)))"
    }
  }

  /// - Parameter archive: the archive that contains the dump.
  /// - Throws: `.damagedArchive` if files are missing.
  package static func require(_ contents: DumpContents, in folder: String, of archive: String) throws {
    let missing = try missing(contents, among: Set(FileSystem.names(in: folder)))
    guard let first = missing.first else { return }
    throw PlainFailure(
      .damagedArchive, SafeText.clean(archive, limit: .path),
      "its dump lacks \(missing.count == 1 ? "a file with rows" : "\(missing.count) files with rows"): \(first)",
      remedy: "use another backup: nothing of this server was touched")
  }
}
