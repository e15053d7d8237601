import Common
import Glibc
import Postgres
import Server
import WholeServer

/// Interrupted restores, and folders and databases of restores without a record. The operator decides about them: they
/// may be the only copy of a state.
struct RestoreLeftovers: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    let state = RestoreState(root: scene.root)
    guard state.isIdle else { return [] }
    let records = try state.records()
    let interrupted = records.filter(\.isUnfinished).map { record in
      FoundLeftover(
        "interrupted restore", record.label,
        remedy: record.advice(root: scene.root)
          ?? "look at it: \(Program.command(["restore", "--status"], root: scene.root))")
    }
    guard let installation = scene.installation else { return interrupted }
    return interrupted + folders(installation, records) + (try databases(scene, records))
  }

  private func folders(_ installation: Installation, _ records: [RestoreRecord]) -> [FoundLeftover] {
    let known = Set(records.flatMap { $0.places.flatMap { [$0.side, $0.before] } })
    let parts = [
      installation.configurationFolder, installation.uploadsFolder,
      installation.messageFilesFolder, installation.avatarsFolder,
    ]
    let places = parts.flatMap { RestorePlace.find($0, part: "", id: "", root: installation.root) }
    var found: Set<String> = []
    for place in places {
      let name = FileSystem.name(of: place.live)
      let prefixes =
        place.exchangesContents
        ? [".aloha-wizard-restore-", ".aloha-wizard-before-"] : ["\(name).restore-", "\(name).before-"]
      for entry in (try? FileSystem.names(in: place.parent)) ?? [] {
        guard let prefix = prefixes.first(where: { entry.hasPrefix($0) }),
          entry.dropFirst(prefix.count).first?.isNumber == true
        else { continue }
        found.insert("\(place.parent)/\(entry)")
      }
    }
    return found.subtracting(known).sorted().map { path in
      if path.hasSuffix("-probe") {
        return FoundLeftover("folder of a test before an exchange", path) { try removeProbe(path) }
      }
      return FoundLeftover(
        "folder of a restore that has no record any more", path,
        remedy: "look whether you still need it, then: rm -r \(ShellWord.quoted(path))")
    }
  }

  /// Removes the folder of a test by ``RestorePlace``. It contains an empty file `full`, or the temporary file from
  /// which that is made.
  private func removeProbe(_ path: String) throws {
    for name in (try? FileSystem.names(in: path)) ?? []
    where name == "full" || (name.hasPrefix("full.") && TemporaryFiles.isTemporary("\(name)")) {
      if unlink("\(path)/\(name)") != 0, errno != ENOENT {
        throw PlainFailure.system("\(path)/\(name)", "cannot be deleted", errno: errno)
      }
    }
    // Anything else in it was not made by the test, and is kept.
    if rmdir(path) != 0, errno != ENOENT { throw PlainFailure.system(path, "cannot be deleted", errno: errno) }
  }

  private func databases(_ scene: LeftoverScene, _ records: [RestoreRecord]) throws -> [FoundLeftover] {
    guard let connection = scene.connection, let installation = scene.installation else { return [] }
    let known = Set(records.compactMap(\.database).flatMap { [$0.side, $0.before] })
    let stem = StagingDatabase(live: installation.databaseParameters().database, owner: "", id: "").stem
    let names = try connection.query(
      "SELECT datname FROM pg_database WHERE datname ~ '_(restore|before)_[0-9]{8}_[0-9]{6}' ORDER BY 1"
    ).compactMap { $0[0] }
    return names.filter { name in
      !known.contains(name) && (name.hasPrefix("\(stem)_restore_") || name.hasPrefix("\(stem)_before_"))
    }.map { name in
      FoundLeftover(
        "database of a restore that has no record any more", name,
        remedy: "look whether you still need it, then delete it as the database's administrator: dropdb "
          + ServerScripts.quoted(name))
    }
  }
}
