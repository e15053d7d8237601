import Common
import Foundation
import Terminal
import Testing

@testable import Wizard

/// A folder with a few files and folders, deleted when this object is released.
private final class Folder {
  let path = "\(NSTemporaryDirectory())/aloha-paths-\(RandomText.alphanumeric(10))"

  init(folders: [String] = [], files: [String] = []) throws {
    try FileSystem.makeFolder(path)
    for folder in folders { try FileSystem.makeFolder("\(path)/\(folder)") }
    for file in files { try FileSystem.replace("\(path)/\(file)", with: []) }
  }

  deinit { try? FileSystem.removeTree(path) }
}

private func flow(_ purpose: PathPurpose) -> Flow {
  Flow(
    id: "test", title: "Test", badge: .restore,
    steps: [
      Step(
        "ask", "Ask", heading: { _ in "Well?" },
        fields: { _ in
          [
            Field(
              "path", "Path", .path(purpose), check: { AnswerCheck.absolutePath($0["ask.path" as AnswerKey<String>]) }),
            Field("note", "Note", .text(placeholder: "")),
          ]
        }),
      Step("end", "End", heading: { _ in "The end" }),
    ])
}

@Suite("Paths")
struct PathTests {
  private func typed(_ text: String, for purpose: PathPurpose = .anything) -> Walker {
    let walker = Walker(flow(purpose))
    walker.type(text)
    return walker
  }

  private func path(_ walker: Walker) -> String { walker.answers.text("ask.path") ?? "" }

  @Test("Tab completes an unambiguous path, and a folder with its slash")
  func unambiguous() throws {
    let folder = try Folder(folders: ["servers"], files: ["notes.txt"])
    let walker = typed("\(folder.path)/se")
    walker.press(.tab)
    #expect(path(walker) == "\(folder.path)/servers/")
    #expect(walker.focusedLine.contains("servers/"))
  }

  @Test("Tab without a completion moves to the next question")
  func movesOn() throws {
    let folder = try Folder(folders: ["servers"], files: ["notes.txt"])
    for text in ["\(folder.path)/x", "\(folder.path)/notes.txt", "\(folder.path)/servers/", "relative", ""] {
      let walker = typed(text)
      walker.press(.tab)
      #expect(walker.model.focus == .input(field: "ask.note"), "\(text)")
      #expect(path(walker) == text)
    }
    let walker = typed("\(folder.path)/servers", for: .folder)
    walker.press(.tab)
    #expect(walker.model.focus == .input(field: "ask.note"))
  }

  @Test("Several matches are completed to their common part and listed")
  func several() throws {
    let folder = try Folder(folders: ["backup-old", "backups"], files: ["backup-1.dump"])
    let walker = typed("\(folder.path)/b")
    walker.press(.tab)
    #expect(path(walker) == "\(folder.path)/backup")
    for name in ["backup-1.dump", "backup-old/", "backups/"] { #expect(walker.sees("    \(name)")) }
    walker.type("-")
    #expect(walker.sees("backup-1.dump") && !walker.sees("backups/"))
    walker.press(.backspace)
    #expect(walker.sees("backups/"))
    walker.press(.backspace)
    #expect(walker.sees("backups/"))
    walker.type("x")
    #expect(!walker.sees("backup-old/"))
  }

  @Test("Matches are chosen with Down and Enter, and Esc closes the list")
  func choosing() throws {
    let folder = try Folder(folders: ["a1", "a2", "a2/deep"], files: ["a2/deep/one", "a3"])
    let walker = typed("\(folder.path)/")
    walker.press(.tab)
    let caret = walker.model.picture.cursor
    #expect(caret?.visible == true)
    walker.press(.down, .down)
    #expect(walker.focusedLine == "▸ a2/")
    #expect(walker.model.picture.cursor?.visible == false)
    walker.press(.up, .up)
    #expect(walker.model.picture.cursor == caret)
    walker.press(.down, .down, .enter)
    #expect(path(walker) == "\(folder.path)/a2/")
    #expect(walker.step == "ask")
    #expect(walker.sees("    deep/"))
    walker.press(.escape)
    #expect(!walker.sees("    deep/"))
    #expect(walker.step == "ask")
    walker.press(.tab)
    #expect(path(walker) == "\(folder.path)/a2/deep/")
    walker.press(.tab)
    #expect(path(walker) == "\(folder.path)/a2/deep/one")
  }

  @Test("Only suitable folders and files are offered")
  func wishes() throws {
    let folder = try Folder(folders: ["x", "x1"], files: ["a.tar.gz", "a.dump", "b.tar.gz", ".hidden"])
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "\(folder.path)/x")
    func names(_ purpose: PathPurpose, _ start: String = "") -> [String] {
      PathListing.look("\(folder.path)/\(start)", purpose, Cancellation()).entries.map(\.shown)
    }
    #expect(names(.folder) == ["link/", "x/", "x1/"])
    #expect(names(.file(endings: [".tar.gz"])) == ["a.tar.gz", "b.tar.gz", "link/", "x/", "x1/"])
    #expect(names(.file(endings: [".dump", ".tar.gz"]), "a") == ["a.dump", "a.tar.gz"])
    #expect(names(.anything).count == 6)
    #expect(names(.anything, ".") == [".hidden"])
  }

  @Test("Names that cannot be typed are not offered")
  func oddNames() throws {
    let folder = try Folder(files: ["good", "bad\u{7}bell", "über"])
    let name: [CChar] = Array("\(folder.path)/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
    close(open(name, O_CREAT | O_WRONLY, 0o600))
    #expect(PathListing.look("\(folder.path)/", .anything, Cancellation()).entries.map(\.name) == ["good", "über"])
  }

  @Test("An unreadable folder is reported, and the typed text stays")
  func unreadable() throws {
    let walker = Walker(flow(.anything))
    walker.answersAtOnce = false
    walker.type("/locked/x")
    walker.press(.tab)
    walker.send(.events(.listed(ticket: 1, PathListing("/locked/x", [], trouble: "permission denied"))))
    #expect(walker.sees("This folder cannot be read: permission denied"))
    #expect(path(walker) == "/locked/x")
    #expect(walker.model.isTyping)
  }

  @Test("A slow folder blocks no input, with one lookup at a time")
  func slow() throws {
    let folder = try Folder(folders: ["aa", "ab", "b"])
    let walker = Walker(flow(.folder))
    walker.answersAtOnce = false
    walker.type("\(folder.path)/")
    walker.press(.tab)
    #expect(!walker.sees("Looking"))
    #expect(walker.model.nextTick != nil)
    walker.pass(.milliseconds(400))
    #expect(walker.sees("Looking"))
    // The notice is visible and no further timer is needed.
    #expect(walker.model.nextTick == nil)
    walker.type("a")
    #expect(walker.waiting.count == 1)
    walker.answer()
    #expect(path(walker) == "\(folder.path)/a")
    #expect(walker.sees("    aa/") && walker.sees("    ab/") && !walker.sees("    b/"))
  }

  @Test("Late completions change nothing")
  func late() throws {
    let folder = try Folder(folders: ["servers"])
    let walker = Walker(flow(.folder))
    walker.answersAtOnce = false
    walker.type("\(folder.path)/s")
    walker.press(.tab, .down)
    walker.answer()
    #expect(path(walker) == "\(folder.path)/s")
    #expect(walker.model.focus == .input(field: "ask.note"))
    #expect(walker.model.completion == nil)
  }

  @Test("A long list shows the position and the number of entries")
  func long() throws {
    let folder = try Folder(files: (10..<60).map { "file-\($0)" })
    let walker = typed("\(folder.path)/f")
    walker.press(.tab)
    #expect(walker.sees("50 names") && walker.sees("file-10") && !walker.sees("file-20"))
    for _ in 0..<11 { walker.press(.down) }
    #expect(walker.focusedLine == "▸ file-20")
    for _ in 0..<100 { walker.press(.down) }
    #expect(walker.focusedLine == "▸ file-59")
  }

  // MARK: Linear mode

  @Test("In the linear mode ? lists the matches by number")
  func lines() throws {
    let folder = try Folder(folders: ["new", "old"], files: ["note"])
    var walk = LinearWalk(flow(.folder), ["\(folder.path)/?", "2", "", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("  1. new/\n  2. old/\nChoose 1 to 2, or Enter to type the path: ->"))
    #expect(walk.script.says("Path [\(folder.path)/old/]: ->"))
    #expect(walk.answers.text("ask.path") == "\(folder.path)/old/")
  }

  @Test("In the linear mode a folder is opened when a file is required")
  func linesToFile() throws {
    let folder = try Folder(folders: ["deep"], files: ["deep/a.dump", "deep/b.txt"])
    var walk = LinearWalk(
      flow(.file(endings: [".dump"])), ["\(folder.path)/", "7", "1", "1", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("Enter a number from 1 to 1, or press Enter."))
    #expect(walk.answers.text("ask.path") == "\(folder.path)/deep/a.dump")
  }

  @Test("In the linear mode missing and too many matches, and the help, explain what to do")
  func linesHelp() throws {
    let folder = try Folder(files: (100..<150).map { "f\($0)" })
    var walk = LinearWalk(flow(.anything), ["?", "\(folder.path)/x?", "\(folder.path)/?", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("lists the names that complete it"))
    #expect(walk.script.says("No name there begins like that."))
    #expect(walk.script.says("And 10 more; type more of the name."))
    #expect(walk.answers.text("ask.path") == nil)
  }

  @Test("In the linear mode a folder that does not respond is abandoned")
  func linesSlow() throws {
    var walk = LinearWalk(flow(.anything), ["/slow/?", "q", "y"])
    walk.executor.isDeaf = true
    _ = try walk.runner.run()
    #expect(walk.script.says("No longer looking."))
  }

  @Test("A relative path is completed as it is typed, and is absolute for the flow")
  func relative() throws {
    let here = FileManager.default.currentDirectoryPath
    let folder = try Folder(folders: ["servers"], files: ["servers/one.txt"])
    // From the working directory up to the root, and down again.
    let up = here.split(separator: "/").map { _ in ".." }.joined(separator: "/")
    let typed = "\(up)\(folder.path.replacing("//", with: "/"))/se"
    let walker = self.typed(typed)
    walker.press(.tab)
    #expect(path(walker) == "\(typed)rvers/")
    #expect(walker.answers.path("ask.path") == "\(folder.path.replacing("//", with: "/"))/servers/")
    #expect(walker.sees("This is \(folder.path.replacing("//", with: "/").prefix(20))"))
    walker.press(.tab)
    #expect(path(walker).hasSuffix("/servers/one.txt"))
    let key: AnswerKey<String> = "ask.path"
    #expect(walker.answers[key] == "\(folder.path.replacing("//", with: "/"))/servers/one.txt")
    #expect(walker.answers.label(key) == walker.answers[key])
  }

  @Test("~ is the home folder in a field, and a user that does not exist is named")
  func home() {
    let key: AnswerKey<String> = "ask.path"
    let walker = typed("~/archive.tar.gz")
    #expect(walker.answers[key] == "\(TypedPath.resolved("~"))/archive.tar.gz")
    #expect(walker.answers.text(key.name) == "~/archive.tar.gz")
    let wrong = typed("~nobody-such/x")
    #expect(wrong.sees("There is no user nobody-such"))
    #expect(typed("/srv/x").answers[key] == "/srv/x")
  }
}
