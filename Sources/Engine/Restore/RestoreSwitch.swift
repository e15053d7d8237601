import Common
import Postgres

/// Exchanges the old state of a server for the restored one, and back. Every step is noted before it is taken, can be
/// taken again, and is taken back in the opposite order.
struct RestoreSwitch {
  let installation: Installation
  private(set) var record: RestoreRecord
  private let state: RestoreState
  private let access: AdministratorAccess?

  init(_ installation: Installation, _ record: RestoreRecord, _ state: RestoreState) throws {
    self.installation = installation
    self.record = record
    self.state = state
    access = try record.database.map { _ in try AdministratorAccess.find(installation, record.administrator) }
  }

  private mutating func enter(_ stage: RestoreRecord.Stage) throws {
    record.stage = stage
    try state.save(record)
  }

  // MARK: Forwards

  mutating func stopServer(_ progress: Progress) throws {
    try enter(.stopped)
    try ServerSteps(installation).run(.stop, progress)
  }

  /// Both names of the database change in one transaction, each folder by a rename.
  mutating func exchange(_ progress: Progress) throws {
    try progress.phase("exchange", "Exchange the old state for the new one") { _ in
      if record.stage != .swapping {
        record.moves = try record.places.flatMap { try $0.moves() }
        try enter(.swapping)
      }
      if let database = record.database, let access { try database.swap(access) }
      for move in record.moves { try move.perform() }
      try enter(.swapped)
    }
  }

  mutating func tellServices(_ progress: Progress) throws {
    // The settings are others now.
    let steps = ServerSteps(installation)
    for step in ServerStep.afterwards where !record.doneSteps.contains(step.rawValue) {
      do {
        try steps.run(step, progress)
      } catch let failure as PlainFailure {
        throw PlainFailure(
          failure.family, failure.subject, failure.reason,
          remedy: "the data is in place. " + (failure.remedy.map { "\($0). " } ?? "")
            + "Repair this, then go on with: aloha-wizard restore --resume; "
            + "or go back with: aloha-wizard restore --roll-back")
      }
      record.doneSteps.append(step.rawValue)
      try state.save(record)
    }
    try enter(.finished)
  }

  // MARK: Backwards

  /// Nothing was exchanged yet: removes what was made, and starts a server that was stopped.
  func takeBack(_ progress: Progress) throws {
    try removeSide()
    // They are exports of the state that stays.
    if let exports = record.exports { try FileSystem.removeTree(exports) }
    if record.stage == .stopped { try ServerSteps(installation).run(.start, progress) }
    try state.remove(record)
  }

  /// The exchange failed half-way: everything as before.
  mutating func takeBackExchange(_ progress: Progress) throws {
    try revert()
    try enter(.stopped)
    try takeBack(progress)
  }

  /// The old state takes its place again; the restored one is kept.
  mutating func rollBack(_ progress: Progress) throws {
    let steps = ServerSteps(installation)
    if record.stage != .rollingBack { try enter(.rollingBack) }
    try steps.run(.stop, progress)
    try progress.phase("exchange", "Exchange the restored state for the old one") { _ in
      try revert()
      record.doneSteps = []
      try enter(.rolledBack)
    }
    for step in ServerStep.afterwards where step != .secrets { try steps.run(step, progress) }
  }

  private func revert() throws {
    for move in record.moves.reversed() { try move.takeBack() }
    if let database = record.database, let access { try database.swapBack(access) }
  }

  // MARK: The end

  /// Deletes the state that is not in use.
  mutating func discard(_ progress: Progress) throws {
    let what = record.discards ?? record.stage
    if record.stage != .discarding {
      record.discards = record.stage
      try enter(.discarding)
    }
    try progress.phase("discard", "Delete the state that is not in use") { _ in
      if what == .rolledBack {
        try removeSide()
      } else {
        if let database = record.database, let access { try SideDatabase.drop(database.before, access) }
        for place in record.places {
          try FileSystem.removeTree(place.before)
          try FileSystem.removeTree(place.side)
        }
      }
      try state.remove(record)
    }
  }

  private func removeSide() throws {
    if let database = record.database, let access { try SideDatabase.drop(database.side, access) }
    for place in record.places {
      try FileSystem.removeTree(place.side)
      if place.exchangesContents { try FileSystem.removeTree(place.before) }
    }
  }
}
