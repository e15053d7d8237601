import Common
import Glibc
import Operations
import Postgres
import Server

/// Exchanges the old state of a server for the restored one, and back. Each step is recorded before it is executed, can
/// be repeated, and is undone in reverse order.
struct RestoreSwitch {
  let installation: Installation
  private(set) var record: RestoreRecord
  private let state: RestoreState
  private let access: AdministratorAccess?
  /// Service steps without a script in this installation, as commands in execution order.
  var leftToOperator: [String] {
    // Without its own script the server was not stopped; once it was started again, nothing is left to stop.
    left.filter { $0.step != .stop || left.contains { $0.step == .start } }.map(\.command)
  }
  private var left: [(step: ServerStep, command: String)] = []

  init(_ installation: Installation, _ record: RestoreRecord, _ state: RestoreState) throws {
    self.installation = installation
    self.record = record
    self.state = state
    access = try record.database.map { _ in try AdministratorAccess.find(installation, record.administrator) }
  }

  private func command(_ word: String) -> String {
    // No brand: it is recognized by the server's files.
    Program.command(["restore", word], root: installation.root)
  }

  private mutating func enter(_ stage: RestoreRecord.Stage) throws {
    record.stage = stage
    try state.save(record)
  }

  // MARK: Forwards

  mutating func stopServer(_ progress: Progress) throws {
    try enter(.stopped)
    try take(.stop, progress)
  }

  /// Runs a service step, or records its command for the operator.
  private mutating func take(_ step: ServerStep, _ progress: Progress) throws {
    if let command = try ServerSteps(installation).run(step, progress) { left.append((step, command)) }
  }

  /// Stops the server once more: it may have been started since the exchange was interrupted.
  mutating func stopAgain(_ progress: Progress) throws { try take(.stop, progress) }

  /// Exchanges the states: both database names in one transaction, each folder by a rename.
  mutating func exchange(_ progress: Progress) throws {
    try progress.phase(RestorePhase.exchange) { _ in
      if record.stage != .swapping {
        record.moves = try record.places.flatMap { try $0.moves() }
        if let database = record.database, let access { record.hadDatabase = try database.found(access).live }
        try enter(.swapping)
      }
      if let database = record.database, let access { try database.swap(access) }
      for move in record.moves { try move.perform() }
      try enter(.swapped)
    }
  }

  mutating func tellServices(_ progress: Progress) throws {
    // The settings have changed.
    for step in ServerStep.afterwards where !record.doneSteps.contains(step.rawValue) {
      do {
        try take(step, progress)
      } catch let failure as PlainFailure {
        throw PlainFailure(
          failure.family, failure.subject, failure.reason,
          remedy: "the data is in place. " + (failure.remedy.map { "\($0). " } ?? "")
            + "Repair this, then go on with: \(command("--resume")); or go back with: \(command("--roll-back"))")
      }
      record.doneSteps.append(step.rawValue)
      try state.save(record)
    }
    try enter(.finished)
  }

  // MARK: Backwards

  /// Undoes a restore before the exchange: deletes what was prepared, and starts a server that was stopped.
  mutating func abandon(_ progress: Progress) throws {
    try removeSide()
    // These are exports of the state that stays in use.
    if let exports = record.exports { try FileSystem.removeTree(exports) }
    if record.stage == .stopped { try take(.start, progress) }
    try state.remove(record)
  }

  /// Undoes a failed exchange: the server is unchanged afterwards.
  mutating func revertExchange(_ progress: Progress) throws {
    try revert()
    try enter(.stopped)
    try abandon(progress)
  }

  /// Returns the names of what a roll back would put in place and what is missing, because it was deleted. Changes
  /// nothing.
  func lostOldState() throws -> [String] {
    var lost: [String] = []
    if let database = record.database, let access, record.hadDatabase != false {
      let found = try database.found(access)
      // While the new database still waits, the old one has its own name.
      if !found.before, !(found.side && found.live) { lost.append("database \(database.before)") }
    }
    let isExchanged = record.stage == .finished || record.stage == .swapped
    for move in record.moves where move.direction == .out && !Move.isThere(move.aside) {
      let new = record.moves.first { $0.direction == .into && $0.live == move.live }
      let isOldInPlace = !isExchanged && Move.isThere(move.live) && new.map { Move.isThere($0.aside) } != false
      if !isOldInPlace { lost.append(move.aside) }
    }
    // The server is recognized by its settings.
    for move in record.moves where move.direction == .out && Move.isThere(move.aside) {
      guard move.live == installation.configurationFolder,
        (try? FileSystem.names(in: move.aside))?.isEmpty != false
      else { continue }
      lost.append("everything in \(move.aside)")
    }
    return lost
  }

  /// Refuses a roll back that would only remove the restored state, before anything is moved.
  func requireOldState() throws {
    let lost = try lostOldState()
    guard let first = lost.first else { return }
    let names = lost.count > 3 ? "\(first) and \(lost.count - 1) more" : lost.joined(separator: ", ")
    throw PlainFailure(
      .conflict, "roll back", "the state before the restore is missing: \(names) was deleted",
      remedy:
        "the server stays as it was restored; bring that back under the same name and repeat, or delete the rest of "
        + "it with \(command("--discard"))")
  }

  /// Puts the old state back in place; the restored one is kept.
  ///
  /// - Throws: `.conflict` if the old state is missing, before anything is moved.
  mutating func rollBack(_ progress: Progress) throws {
    try requireOldState()
    if record.stage != .rollingBack {
      record.doneSteps = []
      try enter(.rollingBack)
    }
    try take(.stop, progress)
    try progress.phase(RestorePhase.exchangeBack) { _ in try revert() }
    // It is rolled back only when the server's services know it: until then it can be gone on with.
    for step in ServerStep.afterwards where step != .secrets && !record.doneSteps.contains(step.rawValue) {
      do {
        try take(step, progress)
      } catch let failure as PlainFailure {
        throw PlainFailure(
          failure.family, failure.subject, failure.reason,
          remedy: "the old data is in place. " + (failure.remedy.map { "\($0). " } ?? "")
            + "Repair this, then go on with: \(command("--resume"))")
      }
      record.doneSteps.append(step.rawValue)
      try state.save(record)
    }
    try enter(.rolledBack)
  }

  private func revert() throws {
    for move in record.moves.reversed() { try move.undo() }
    if let database = record.database, let access { try database.swapBack(access) }
  }

  // MARK: Deletion

  /// Deletes the state that is not in use.
  ///
  /// - Returns: the names of what existed and was deleted.
  mutating func discard(_ progress: Progress) throws -> [String] {
    let what = record.discards ?? record.stage
    try requireStateInUse()
    let deleted = try kept().filter(\.isThere).map(\.name)
    if record.stage != .discarding {
      record.discards = record.stage
      try enter(.discarding)
    }
    try progress.phase(RestorePhase.discard) { _ in
      if what == .rolledBack {
        try removeSide()
      } else {
        if let database = record.database, let access { try StagingDatabase.drop(database.before, access) }
        for place in record.places {
          try FileSystem.removeTree(place.before)
          try FileSystem.removeTree(place.side)
        }
      }
      try state.remove(record)
    }
    return deleted
  }

  /// Returns what is kept beside the server by the record, and whether it exists. Changes nothing.
  func kept() throws -> [(name: String, isThere: Bool)] {
    let names = Set(record.kept)
    var found: [(name: String, isThere: Bool)] = []
    if let database = record.database, let access {
      let state = try database.found(access)
      for (name, isThere) in [(database.before, state.before), (database.side, state.side)] {
        if names.contains("database \(name)") { found.append(("database \(name)", isThere)) }
      }
    }
    for folder in record.places.flatMap({ [$0.before, $0.side] }) where names.contains(folder) {
      found.append((folder, Move.isThere(folder)))
    }
    return found
  }

  /// Refuses to delete the only copy of a database or a folder that the server should have now: after a restore those
  /// of the backup, after a roll back the previous ones.
  private func requireStateInUse() throws {
    let isRolledBack = (record.discards ?? record.stage) == .rolledBack
    var missing: [String] = []
    if let database = record.database, let access, !isRolledBack || record.hadDatabase != false {
      let found = try database.found(access)
      if !found.live, found.before || found.side { missing.append("database \(database.live)") }
    }
    for place in record.places where !Move.isThere(place.live) {
      let had = record.moves.contains {
        ($0.live == place.live || $0.live.hasPrefix("\(place.live)/")) && $0.direction == (isRolledBack ? .out : .into)
      }
      if had, Move.isThere(place.before) || Move.isThere(place.side) { missing.append(place.live) }
    }
    guard !missing.isEmpty else { return }
    throw PlainFailure(
      .conflict, "discard",
      "the server does not have its \(missing.joined(separator: ", ")): what is kept may be the last copy of its data",
      remedy: isRolledBack
        ? "put it back, or restore a backup first"
        : "go back with \(command("--roll-back")), or restore a backup first")
  }

  private func removeSide() throws {
    if let database = record.database, let access { try StagingDatabase.drop(database.side, access) }
    for place in record.places {
      try FileSystem.removeTree(place.side)
      try FileSystem.removeTree(place.probe)
      // Otherwise it is empty now, and exists only if the contents of a folder had to be exchanged.
      if place.exchangesContents { try FileSystem.removeTree(place.before) } else { rmdir(place.before) }
    }
  }
}
