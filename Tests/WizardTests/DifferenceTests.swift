import Common
import Server
import Terminal
import Testing

@testable import Wizard

@Suite("Differences of texts")
struct DifferenceTests {
  static let old = "A = 1\nB = 2\nC = 3\nD = 4\nE = 5\nF = 6\nG = 7\nH = {\n    'x': 1,\n}\n"
  static let new =
    "A = 1\nB = 20\nC = 3\nD = 4\nE = 5\nF = 6\nG = 7\nH = {\n    'x': 1,\n    'y': 's3cret-of-all',\n}\n"

  static var difference: Difference {
    Difference(
      unified: UnifiedDiff.between(old, new, name: "/etc/aloha/settings.py"), hiding: [Secret("s3cret-of-all")])
  }

  /// Returns a flow that shows the difference in a step and in the review.
  static func flow(_ difference: Difference) -> Flow {
    Flow(
      id: "test", title: "Test", badge: .restore,
      steps: [
        Step(
          "ask", "Ask", heading: { _ in "What changes?" },
          lookup: Lookup("Comparing", key: { _ in "" }) { _, _ in LookupResult(difference: difference) }),
        Step(
          "review", "Review", heading: { _ in "Ready?" }, kind: .review,
          lookup: Lookup("Comparing", key: { _ in "" }) { _, _ in LookupResult(difference: difference) }),
      ])
  }

  @Test("A unified diff is parsed into names, positions and lines")
  func reads() {
    let kinds = Self.difference.lines.map(\.kind)
    #expect(
      kinds == [
        .name, .place, .same, .removed, .added, .same, .same, .same, .place, .same, .same, .same, .added, .same,
      ])
    #expect(Self.difference.lines[0].text == "/etc/aloha/settings.py")
    #expect(Self.difference.lines[1].text == "line 1")
    #expect(Self.difference.lines[12].text == "    'y': '(hidden)',")
    #expect(Difference(unified: [], hiding: []).isEmpty)
  }

  @Test("Lines that look like a file header are lines, and several files are parsed")
  func heads() {
    let unified = UnifiedDiff.between("-- a\nx", "++ b\nx", name: "one") + UnifiedDiff.between("1", "2", name: "two")
    let difference = Difference(unified: unified, hiding: [])
    #expect(difference.lines.filter { $0.kind == .name }.map(\.text) == ["one", "two"])
    #expect(difference.lines.contains(.init(kind: .added, text: "++ b")))
    #expect(difference.lines.filter { $0.kind == .removed }.map(\.text) == ["-- a", "1"])
  }

  @Test("The value of a secret is hidden in a diff")
  func secrets() throws {
    let text = ["--- f", "+++ f", "@@ -1,1 +1,1 @@", "+key = planted-secret-long planted-secret"]
    let difference = Difference(
      unified: text, hiding: [Secret("planted-secret"), Secret("planted-secret-long"), Secret("")])
    #expect(difference.lines.last?.text == "key = (hidden) (hidden)")
    #expect(!"\(difference)".contains("planted"))
    let walker = Walker(Self.flow(difference))
    #expect(walker.sees("(hidden)") && !walker.sees("planted"))
    var walk = LinearWalk(Self.flow(difference), ["q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("(hidden)") && !walk.script.says("planted"))
  }

  @Test(
    "Added and removed lines have a sign and a role, keep their indentation, and are truncated if long"
  )
  func rows() throws {
    let long = String(repeating: "x", count: 100)
    let walker = Walker(
      Self.flow(Difference(unified: ["--- f", "+++ f", "@@ -1 +1 @@", "-    old", "+\tnew", "+\(long)"], hiding: [])))
    let picture = walker.model.picture
    func role(_ text: String) throws -> Role? {
      let row = try #require((0..<24).first { picture.line($0).contains(text) })
      return picture.role(at: Point(column: 2, row: row))
    }
    #expect(walker.sees("-     old") && walker.sees("+     new"))
    #expect(try role("old") == .removed)
    #expect(try role("new") == .added)
    #expect(picture.text.count { $0 == "x" } == 100)
  }

  @Test("A long diff is scrolled with the page")
  func scrolls() {
    let new = (0..<200).map { "line \($0)" }.joined(separator: "\n")
    let walker = Walker(Self.flow(Difference(unified: UnifiedDiff.between("", new, name: "f"), hiding: [])))
    #expect(walker.sees("line 3") && !walker.sees("line 199"))
    walker.press(.end)
    #expect(walker.sees("+ line 199") && !walker.sees("line 3\n"))
  }

  @Test("In the linear mode a diff is described in words")
  func linear() throws {
    var walk = LinearWalk(Self.flow(Self.difference), ["", "q", "y"])
    _ = try walk.runner.run()
    #expect(
      walk.script.says(
        "Changes in /etc/aloha/settings.py:\n  At line 1:\n    same: A = 1\n    removed: B = 2\n    added: B = 20"))
  }
}
