import Administration
import Common
import FoundationEssentials
import Glibc
import Operations
import Server

/// The record of one restore on a server's disk: enough to finish the restore or to undo it, however the program ended.
///
/// It is written before each step that it describes, and each update replaces the file atomically.
public struct RestoreRecord: Sendable, Codable, Equatable {
  public enum Stage: String, Sendable, Codable {
    /// The new state is being built beside the old one; the server is unchanged.
    case preparing
    /// The server has been stopped, and is otherwise unchanged.
    case stopped
    /// The names are being exchanged; the progress is read from the disk and the database.
    case swapping
    /// The new state is in place; the server's services have not been notified yet.
    case swapped
    /// The restore is finished. The old state is kept.
    case finished
    /// The names are being exchanged back.
    case rollingBack
    /// The old state is in place again; the restored one is kept.
    case rolledBack
    /// The kept state is being deleted, on request of the operator.
    case discarding
  }

  public let id: String
  /// The time of creation, ISO 8601 in UTC.
  public let created: String
  /// The source of the restore.
  public let source: String
  public internal(set) var stage = Stage.preparing
  /// The stage whose kept state is being deleted, once that was requested.
  var discards: Stage?
  package let database: StagingDatabase?
  package let places: [RestorePlace]
  var moves: [Move] = []
  /// Whether the server had a database when the exchange began; nil until then, and in records of earlier versions.
  var hadDatabase: Bool?
  /// The names of the finished service steps.
  var doneSteps: [String] = []
  /// The folder with exports of the state before the restore; nil if there are none. Only the operator deletes it.
  public internal(set) var exports: String?
  let administrator: AdministratorAccess.Wish
  /// What of the old state was deleted since, and a roll back would need; never stored, see
  /// ``RestoreState/inspected(_:brand:)``.
  var lost: [String]?

  init(
    id: String, source: String, database: StagingDatabase?, places: [RestorePlace],
    administrator: AdministratorAccess.Wish, created: Int64 = Timestamp.now()
  ) {
    self.id = id
    self.created = Timestamp.iso(microseconds: created)
    self.source = source
    self.database = database
    self.places = places
    self.administrator = administrator
  }

  /// Whether a decision is required before anything else can be done.
  public var isUnfinished: Bool {
    switch stage {
    case .finished, .rolledBack: false
    default: true
    }
  }

  /// The actions that an operator can take on a restore.
  public enum FollowUp: String, Sendable, CaseIterable {
    /// Finishes a restore that has begun to change the server.
    case resume
    /// Deletes what was prepared before anything of the server was changed.
    case clear
    case rollBack, discard
    /// Starts another restore, without one of the actions above.
    case restoreAnew

    /// The option of `restore` for the action; nil for another restore, which needs a backup.
    public var word: String? {
      switch self {
      case .resume: "--resume"
      case .clear: "--clear"
      case .rollBack: "--roll-back"
      case .discard: "--discard"
      case .restoreAnew: nil
      }
    }
  }

  /// Returns why the action is not possible now; nil if it is.
  public func obstacle(to followUp: FollowUp) -> String? {
    switch (followUp, stage) {
    case (.resume, .finished), (.resume, .rolledBack), (.clear, .finished), (.clear, .rolledBack):
      "nothing of it was interrupted"
    case (.resume, .preparing), (.resume, .stopped):
      "nothing was exchanged yet: the prepared state can be deleted, then a restore can start again"
    case (.clear, _) where stage != .preparing && stage != .stopped:
      "the exchange has started: it can be completed or rolled back"
    case (.rollBack, .preparing), (.rollBack, .stopped): "nothing was replaced yet: this is the old server"
    case (.rollBack, .rolledBack): "it has been rolled back already"
    case (.rollBack, .discarding): "the old state is being deleted"
    case (.rollBack, _) where lost?.isEmpty == false:
      "the state before the restore is missing: \(lost?.joined(separator: ", ") ?? "") was deleted"
    case (.discard, .preparing), (.discard, .stopped), (.discard, .swapping), (.discard, .swapped),
      (.discard, .rollingBack):
      "it has to be completed or rolled back first"
    case (.restoreAnew, .swapping), (.restoreAnew, .swapped), (.restoreAnew, .rollingBack), (.restoreAnew, .discarding):
      "this one has to be completed or rolled back first"
    default: nil
    }
  }

  /// Returns the actions that are possible now, each with its command: "Finish it: aloha-wizard restore --resume". Nil
  /// if there are none.
  package func advice(root: String, brand: Brand? = nil) -> String? {
    let possible = FollowUp.allCases.filter { obstacle(to: $0) == nil }
    let sentences = possible.compactMap { followUp in
      followUp.word.map {
        "\(title(of: followUp)): \(Program.command(["restore", $0], root: root, brand: brand?.rawValue))"
      }
    }
    return sentences.isEmpty ? nil : sentences.joined(separator: ". ")
  }

  /// Returns the title of the action for the current stage, for example "Finish it".
  public func title(of followUp: FollowUp) -> String {
    switch (followUp, stage) {
    case (.clear, _): "Delete the prepared state"
    case (.resume, .rollingBack): "Finish rolling back"
    case (.resume, .discarding): "Finish deleting"
    case (.resume, _): "Finish it"
    case (.rollBack, _): "Roll back"
    case (.discard, .rolledBack): "Discard the restored state"
    case (.discard, _): "Discard the state before it"
    case (.restoreAnew, _): "Restore again, from a backup"
    }
  }

  /// Returns the consequence of the action, in one or two sentences.
  public func consequence(of followUp: FollowUp) -> String {
    switch (followUp, stage) {
    case (.clear, .stopped):
      "The prepared state is deleted, and the server is started with its state from before the restore."
    case (.clear, _): "The prepared state is deleted. The server keeps running as before."
    case (.resume, .rollingBack): "The roll back is completed: the server gets its state from before the restore."
    case (.resume, .discarding): "The rest of the state that is not in use is deleted."
    case (.resume, .swapped): "The server's services are updated, and the server is started."
    case (.resume, _):
      "The restored state is put in place, the server's services are updated, and the server is "
        + "started."
    case (.rollBack, _):
      "The server is stopped, gets its state from before the restore, and is started. The restored state is kept."
    case (.discard, .rolledBack): "The restored state is deleted, to free its disk space. The server is not changed."
    case (.discard, _):
      "The state before the restore is deleted, to free its disk space. A roll back is not possible afterwards."
    case (.restoreAnew, .preparing), (.restoreAnew, .stopped): "Its prepared state is deleted first."
    case (.restoreAnew, _): "The kept state of the last restore is not changed until you discard it."
    }
  }

  /// Returns the label for a restore; with `isRunning`, one for a restore in progress, which was not interrupted and
  /// allows no action now.
  public func label(isRunning: Bool) -> String {
    guard isRunning else { return label }
    let of = "of \(Timestamp.seconds(iso: created)) UTC from \(SafeText.clean(source, limit: .line))"
    return switch stage {
    case .preparing: "the restore \(of) is running: the new state is being made, this is the old server"
    case .stopped: "the restore \(of) is running: the server is stopped, and nothing was replaced yet"
    case .swapping: "the restore \(of) is running: the new state is taking the old one's place"
    case .swapped:
      "the restore \(of) is running: the new state is in place, and the server's services are being "
        + "updated"
    case .rollingBack: "the restore \(of) is being rolled back"
    case .discarding: "the kept state of the restore \(of) is being deleted"
    case .finished, .rolledBack: label
    }
  }

  /// A sentence about the state of the server.
  public var label: String {
    let of = "of \(Timestamp.seconds(iso: created)) UTC from \(SafeText.clean(source, limit: .line))"
    return switch stage {
    case .preparing: "the restore \(of) was interrupted before anything was replaced: this is the old server"
    case .stopped:
      "the restore \(of) was interrupted before anything was replaced: this is the old server, which was stopped for it"
    case .swapping:
      "the restore \(of) was interrupted while the new state took the old one's place; the server was stopped for it"
    case .swapped: "the restore \(of) has put the new state in place; the server's services still have to be updated"
    case .finished where lost?.isEmpty == false:
      "the restore \(of) is in place; the state before it is not complete any more"
    case .finished where kept.isEmpty: "the restore \(of) is in place; there was no state before it"
    case .finished: "the restore \(of) is in place; the state before it is kept"
    case .rollingBack: "rolling back the restore \(of) was interrupted; the server was stopped for it"
    case .rolledBack: "the restore \(of) was rolled back; the restored state is kept"
    case .discarding: "the deletion of the kept state of the restore \(of) was interrupted"
    }
  }

  /// Whether the exchange moved something between the server and this path: what the server did not have is not kept.
  private func has(_ direction: Move.Direction, asideOf path: String) -> Bool {
    moves.contains { $0.direction == direction && ($0.aside == path || $0.aside.hasPrefix("\(path)/")) }
  }

  /// The paths that the server did not have before the restore.
  var newPlaces: [String] {
    places.filter { has(.into, asideOf: $0.side) && !has(.out, asideOf: $0.before) }.map(\.live)
  }

  /// The state that is kept beside the server, for display: "database NAME" and absolute paths; empty before the
  /// exchange.
  public var kept: [String] {
    switch stage {
    case .finished:
      (database.flatMap { hadDatabase == false ? nil : ["database \($0.before)"] } ?? [])
        + places.filter { has(.out, asideOf: $0.before) }.map(\.before)
    case .rolledBack:
      (database.map { ["database \($0.side)"] } ?? []) + places.filter { has(.into, asideOf: $0.side) }.map(\.side)
    default: []
    }
  }
}

/// The folder of a server's restore records, with the lock that only one restore can hold.
public struct RestoreState: Sendable {
  package let folder: String
  private let root: String
  /// Former folders, which may contain older records.
  private let others: [String]

  public init(root: String) {
    self.root = RootFolder(root).prefix
    folder = "\(StateFolder.path(root: root))/restore"
    others = StateFolder.others(root: root).map { "\($0)/restore" }
  }

  /// Returns all records, the oldest first.
  ///
  /// - Throws: `.file` if a record cannot be read or decoded.
  public func records() throws -> [RestoreRecord] {
    let files = try ([folder] + others).flatMap { folder in
      try FileSystem.namesIfPresent(in: folder).filter { $0.hasSuffix(".json") }.map {
        (name: $0, path: "\(folder)/\($0)")
      }
    }
    return try files.sorted { ($0.name, $0.path) < ($1.name, $1.path) }.map { _, path in
      let bytes = try FileSystem.read(path)
      guard let record = try? JSONDecoder().decode(RestoreRecord.self, from: Data(bytes)) else {
        throw PlainFailure(
          .file, path, "is not readable as the record of a restore",
          remedy: "use the version of this program that has written it")
      }
      return record
    }
  }

  /// Returns the record that actions apply to: the newest unfinished one, otherwise the newest.
  ///
  /// - Throws: the errors of ``records()``.
  public func current() throws -> RestoreRecord? {
    let all = try records()
    return all.last { $0.isUnfinished } ?? all.last
  }

  /// Returns the record with what of its old state was deleted since, as far as the disk and the database tell.
  public func inspected(_ record: RestoreRecord, brand: Brand? = nil) -> RestoreRecord {
    var record = record
    if record.stage == .finished { record.lost = KeptState.lost(record, root: root, brand: brand) }
    return record
  }

  /// Returns the path of a record: it stays in the folder in which it was created.
  private func path(of record: RestoreRecord) -> String {
    ([folder] + others).map { "\($0)/\(record.id).json" }.first { FileSystem.exists($0) }
      ?? "\(folder)/\(record.id).json"
  }

  func save(_ record: RestoreRecord) throws {
    var record = record
    record.lost = nil
    try FileSystem.makeFolder(folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try FileSystem.replace(path(of: record), with: try encoder.encode(record))
  }

  func remove(_ record: RestoreRecord) throws {
    let path = path(of: record)
    ContainerNotice.forget(root: root, restore: record.id)
    guard unlink(path) == 0 || errno == ENOENT else {
      throw PlainFailure.system(path, "cannot be deleted", errno: errno)
    }
    try FileSystem.syncFolder(of: path)
  }

  /// Whether no process is restoring on this server now. Changes nothing.
  public var isIdle: Bool {
    guard FileSystem.isFolder(folder) else { return true }
    return (try? OpenFolder(folder)).map { FileLock.isFree("lock", in: $0) } ?? false
  }

  func lock() throws -> FileLock {
    try FileSystem.makeFolder(folder)
    guard let lock = try FileLock("\(folder)/lock") else {
      throw PlainFailure(
        .conflict, "restore", "another restore works on this server right now", remedy: "wait until it has ended")
    }
    return lock
  }

  /// Returns an unused id for a new restore, by the time: "20261123-083000".
  func newID() throws -> String {
    let used = Set(try records().map(\.id))
    let stamp = Timestamp.iso(microseconds: Timestamp.now()).prefix(19).filter(\.isNumber)
    let id = "\(stamp.prefix(8))-\(stamp.dropFirst(8))"
    return used.contains(id) ? "\(id)-\(RandomText.hexadecimal(4))" : id
  }
}
