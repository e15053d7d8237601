import Common
import Glibc
import Testing

@testable import WholeServer

@Suite("The renames of an exchange")
struct ExchangeMovesTests {
  /// A folder that is replaced, a folder whose contents are replaced, and the new state of both.
  private struct Scene {
    let folder: String
    var moves: [Move] = []

    init(_ folder: String) throws {
      self.folder = folder
      try write("plain/a", "old")
      try write("plain.side/a", "new")
      try write("volume/b", "old")
      try write("volume/c", "old")
      try write("volume/.side/b", "new")
      try write("volume/.side/d", "new")
      try FileSystem.makeFolder("\(folder)/volume/.before")
      func move(_ live: String, _ aside: String, _ direction: Move.Direction) -> Move {
        Move(live: "\(folder)/\(live)", aside: "\(folder)/\(aside)", direction: direction)
      }
      moves = [
        move("plain", "plain.before", .out), move("plain", "plain.side", .into),
        move("volume/b", "volume/.before/b", .out), move("volume/c", "volume/.before/c", .out),
        move("volume/b", "volume/.side/b", .into), move("volume/d", "volume/.side/d", .into),
      ]
    }

    private func write(_ name: String, _ text: String) throws {
      let path = "\(folder)/\(name)"
      try FileSystem.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
      try FileSystem.replace(path, with: text.utf8)
    }

    func text(_ name: String) -> String? {
      (try? FileSystem.read("\(folder)/\(name)")).map { String(decoding: $0, as: UTF8.self) }
    }

    var isOld: Bool {
      text("plain/a") == "old" && text("volume/b") == "old" && text("volume/c") == "old" && text("volume/d") == nil
        && text("plain.side/a") == "new" && text("volume/.side/b") == "new" && text("volume/.side/d") == "new"
    }

    var isNew: Bool {
      text("plain/a") == "new" && text("volume/b") == "new" && text("volume/c") == nil && text("volume/d") == "new"
        && text("plain.before/a") == "old" && text("volume/.before/b") == "old" && text("volume/.before/c") == "old"
    }
  }

  @Test("An exchange that is interrupted after any rename can be completed, and can be undone", arguments: 0...6)
  func interrupted(count: Int) throws {
    try Disaster.folder { folder in
      let scene = try Scene("\(folder)/finished")
      for move in scene.moves.prefix(count) { try move.perform() }
      for move in scene.moves { try move.perform() }
      #expect(scene.isNew)
      let other = try Scene("\(folder)/back")
      for move in other.moves.prefix(count) { try move.perform() }
      for move in other.moves.reversed() { try move.undo() }
      #expect(other.isOld)
    }
  }

  @Test("An undo that is interrupted can be completed, and can be reversed", arguments: 0...6)
  func interruptedOnTheWayBack(count: Int) throws {
    try Disaster.folder { folder in
      let scene = try Scene("\(folder)/back")
      for move in scene.moves { try move.perform() }
      for move in scene.moves.reversed().prefix(count) { try move.undo() }
      for move in scene.moves.reversed() { try move.undo() }
      #expect(scene.isOld)
      let other = try Scene("\(folder)/again")
      for move in other.moves { try move.perform() }
      for move in other.moves.reversed().prefix(count) { try move.undo() }
      for move in other.moves { try move.perform() }
      #expect(other.isNew)
    }
  }

  @Test("An exchange never overwrites a file that was created in its way")
  func inTheWay() throws {
    try Disaster.folder { folder in
      let scene = try Scene(folder)
      try scene.moves[0].perform()
      try FileSystem.makeFolder("\(folder)/plain")
      #expect(throws: PlainFailure.self) { try scene.moves[1].perform() }
      #expect(scene.text("plain.side/a") == "new")
    }
  }
}
