import Common
import Foundation
import Testing

/// Compares the screens of a walk through the demo with those that the README shows.
///
/// Numbers, the folder, the names of archives, blank lines and scroll bars are not compared: they differ from walk to
/// walk.
struct ReadmeFrames {
  /// The folder of the walk's demo.
  let folder: String
  private var drawn: [(step: String, lines: [String])] = []

  init(folder: String) { self.folder = folder }

  mutating func add(_ screen: String) {
    drawn.append((Self.step(of: screen), Self.normalized(screen.replacing(folder, with: "/tmp/aloha-demo"))))
  }

  /// Expects each screen of the README among those of the walk.
  func expectInReadme() throws {
    let readme = String(decoding: try FileSystem.read(Self.readme), as: UTF8.self)
    let shown = Self.frames(in: readme)
    #expect(shown.map { Self.step(of: $0) } == ["Welcome", "Checks", "Review", "Result"])
    for frame in shown {
      let candidates = drawn.filter { $0.step == Self.step(of: frame) }.map(\.lines)
      #expect(
        candidates.contains(Self.normalized(frame)),
        "\(frame)\nis not drawn any more; run .ci/record-demo --readme. Drawn were:\n\(candidates)"
      )
    }
  }

  /// The code blocks between the two marks.
  static func frames(in readme: String) -> [String] {
    guard let start = readme.range(of: "\n<!-- frames: "), let end = readme.range(of: "\n<!-- end of frames -->")
    else { return [] }
    return readme[start.upperBound..<end.lowerBound].components(separatedBy: "\n```").filter { $0.hasPrefix("text\n") }
      .map { String($0.dropFirst("text\n".count)) }
  }

  /// The name of the step: "Checks" for "Step 8 of 11 · Checks" in the second line.
  static func step(of screen: String) -> String {
    let lines = screen.components(separatedBy: "\n")
    guard lines.count > 1, let dot = lines[1].range(of: " · ") else { return "" }
    return lines[1][dot.upperBound...].trimmingCharacters(in: .whitespaces)
  }

  static func normalized(_ screen: String) -> [String] {
    screen.components(separatedBy: "\n").map { line in
      line.replacing(/aloha-export-[A-Za-z0-9]{8}/, with: "aloha-export-NAME").replacing(/[█│]$/, with: "")
        .replacing(/[0-9][0-9.,]*/, with: "0").replacing(#/ +/#, with: " ").trimmingCharacters(in: .whitespaces)
    }.filter { !$0.isEmpty }
  }

  private static let readme: String = {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return tests.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md").path
  }()
}

@Suite("The comparison of the README with the wizard")
struct ReadmeFramesTests {
  private static let frame = """
     Move an organization      TEST
      Step 8 of 11 · Checks

      ✓ OK: archive: goes to /tmp/aloha-demo/aloha-export-Js4jQURd.tar.gz          █
      ✓ OK: space: about 17.3 MB needed, 81.4 GB free                              │
    """

  @Test("Frames that differ in numbers, names of archives, blank lines and scroll bars are equal")
  func equal() {
    let later = Self.frame.replacing("Js4jQURd", with: "AAAAbbbb").replacing("81.4", with: "1,024")
      .replacing("█", with: "│")
    #expect(ReadmeFrames.normalized(later + "\n\n") == ReadmeFrames.normalized(Self.frame))
    #expect(ReadmeFrames.step(of: later) == "Checks")
  }

  @Test("Frames that differ in a word are not equal")
  func different() {
    for (word, other) in [("goes to", "is written to"), ("✓", "!"), ("GB", "MB"), ("/tmp/aloha-demo", "/tmp/other")] {
      let changed = Self.frame.replacing(word, with: other)
      #expect(ReadmeFrames.normalized(changed) != ReadmeFrames.normalized(Self.frame), "\(word)")
    }
  }

  @Test("Only the code blocks between the marks are frames")
  func blocks() {
    let readme = """
      ```text
      no frame
      ```
      <!-- frames: x -->

      ```text
      one
      two
      ```

      ```text
      three
      ```

      <!-- end of frames -->
      """
    #expect(ReadmeFrames.frames(in: readme) == ["one\ntwo", "three"])
  }
}
