import Common
import Operations

/// A restore, or one of the operations that follow it: resume, clear, roll back, discard.
///
/// They keep the state before a restore by themselves, and know where an interrupted one stands.
protocol RestoreFamily: Operation {
  var server: ServerReference { get }
}

extension RestoreFamily {
  public var servers: [ServerReference] { [server] }

  /// A server has one state only: a later restore replaces what an earlier one has left open.
  public func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool {
    isEqual(to: later) || later is any RestoreFamily
  }

  public var rerunObstacle: String? {
    guard let record = (try? RestoreState(root: server.root).current()) ?? nil, record.isUnfinished else { return nil }
    return
      "a restore records where it was interrupted: \(command("--status")) says what can be done, as does "
      + "Restore in the menu"
  }

  public var interruptionAdvice: String? {
    "a restore is rolled back by its own command: \(command("--roll-back")), or choose Restore in the menu; "
      + "\(command("--status")) shows its state"
  }

  var undoneByRollBack: UndoRule { .impossible(interruptionAdvice ?? "") }

  func command(_ word: String) -> String { ProgramCommand(["restore", word], on: server).text }
}

/// The phases of a restore and of what follows it, besides the server's own scripts, see ``ServerStep``.
enum RestorePhase: String, OperationPhase {
  case check, unpack, database, compare, prepare, export, exchange, exchangeBack, clean, discard

  var id: String { self == .exchangeBack ? "exchange" : rawValue }
  var isCheck: Bool { self == .check }

  var title: String {
    switch self {
    case .check: "Look at the backup and at this server"
    case .unpack: "Unpack beside the server's own folders and compare every digest"
    case .database: "Restore the database beside the old one"
    case .compare: "Compare the rows of every table with the backup"
    case .prepare: "Prepare settings and files"
    case .export: "Export each organization of the old state"
    case .exchange: "Exchange the old state for the new one"
    case .exchangeBack: "Exchange the restored state for the old one"
    case .clean: "Delete the prepared state; the server is not changed"
    case .discard: "Delete the state that is not in use"
    }
  }

  var weight: Double {
    switch self {
    case .check, .compare, .prepare: 2
    case .database: 123
    case .export: 31
    default: 1
    }
  }
}
