import Common
import Testing

@testable import Administration
@testable import Server

@Suite("The server's configuration files")
struct ConfigurationTests {
  @Test("An ini file is read as the server reads it")
  func iniFile() throws {
    let file = try ConfFile(
      """
      # a comment
      [machine]
      puppet_classes = aloha::profile::standalone
      Deploy_Type : production

      [postgresql]
      ; another
      database_name=chat
      database_user   =   operator
      empty =
      long = first
        second
      """, name: "file")
    #expect(file.value("machine", "deploy_type") == "production")
    #expect(file.value("machine", "puppet_classes") == "aloha::profile::standalone")
    #expect(file.value("postgresql", "database_name") == "chat")
    #expect(file.value("postgresql", "database_user") == "operator")
    #expect(file.value("postgresql", "empty") == "")
    #expect(file.value("postgresql", "long") == "first\nsecond")
    #expect(file.value("postgresql", "missing") == nil)
    #expect(file.value("nowhere", "database_name") == nil)
  }

  @Test("This machine's own server is looked for at / from every working directory")
  func rootFolder() throws {
    let seen = ["", "/", "///"].map { root in
      do { return try Installation(root: root).root } catch { return "\(error)" }
    }
    #expect(Set(seen).count == 1, "\(seen)")
    let current = FileSystem.absolute("here").dropLast("/here".count)
    #expect(current.isEmpty || !seen[0].contains(current))
  }

  @Test("Only plain assignments of settings.py are read")
  func settings() {
    let file = SettingsFile(
      """
      EXTERNAL_HOST = "chat.example.com"  # with a comment
      NAME: str = 'it\\'s'
      NUMBER = 5433
      ON = True
      NOTHING = None
        INDENTED = "no"
      BACKENDS = (
          "one",
      )
      JOINED = "a" + "b"
      COMPARED == "x"
      RAW = r"\\d"
      EXTERNAL_HOST = "second.example.com"
      # COMMENTED = "no"
      """)
    #expect(file.text("EXTERNAL_HOST") == "second.example.com")
    #expect(file.text("NAME") == "it's")
    #expect(file.number("NUMBER") == 5433)
    #expect(file["ON"] == .bool(true))
    #expect(file["NOTHING"] == SettingsFile.Value.none)
    for name in ["INDENTED", "BACKENDS", "JOINED", "COMPARED", "RAW", "COMMENTED"] {
      #expect(file[name] == nil, "\(name)")
    }
  }

  @Test("Changing a value of an ini file leaves every other byte unchanged")
  func editing() throws {
    let text = "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta=2\n\n[other]\nbeta = 3\n"
    var editor = try ConfFileEditor(text, name: "file")
    try editor.set("secrets", "beta", to: "new")
    #expect(editor.text == "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta=new\n\n[other]\nbeta = 3\n")
    try editor.set("secrets", "gamma", to: "4")
    #expect(
      editor.text == "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta=new\ngamma = 4\n\n[other]\nbeta = 3\n")
    try editor.set("third", "delta", to: "5")
    #expect(editor.text.hasSuffix("[other]\nbeta = 3\n[third]\ndelta = 5\n"))
    #expect(try ConfFile(editor.text, name: "file").value("secrets", "gamma") == "4")
  }

  @Test("Other line endings are read, and kept when a value changes")
  func otherEnds() throws {
    let text =
      "# top\r\n[secrets]\r\nalpha: 1\r\nbeta   =  two\r\n  more\r\n# kept\r\n  and more\r\n\r\n[other]\r\nlast = 3"
    #expect(TextLines(text).text == text)
    let file = try ConfFile(text, name: "file")
    #expect(file.sections == ["other", "secrets"])
    #expect(file.value("secrets", "alpha") == "1")
    #expect(file.value("secrets", "beta") == "two\nmore\nand more")
    var editor = try ConfFileEditor(text, name: "file")
    #expect(editor.text == text)
    try editor.set("secrets", "beta", to: "2")
    #expect(editor.text == "# top\r\n[secrets]\r\nalpha: 1\r\nbeta   =  2\r\n# kept\r\n\r\n[other]\r\nlast = 3")
    try editor.set("secrets", "gamma", to: "3\n4")
    #expect(editor.text.contains("# kept\r\ngamma = 3\r\n 4\r\n\r\n[other]\r\nlast = 3"))
    try editor.set("other", "last", to: "5")
    #expect(editor.text.hasSuffix("[other]\r\nlast = 5"), "the file does not end its last line")
    try editor.set("other", "new", to: "6")
    #expect(editor.text.hasSuffix("[other]\r\nlast = 5\r\nnew = 6"))
    try editor.set("third", "delta", to: "7")
    #expect(editor.text.hasSuffix("new = 6\r\n[third]\r\ndelta = 7\r\n"))
    try editor.drop("secrets", "gamma")
    #expect(!editor.text.contains("gamma") && editor.text.contains("# kept\r\n\r\n[other]"))
    #expect(!editor.text.replacing("\r\n", with: "").contains("\n"), "no line ends in another way")
    #expect(try ConfFile(editor.text, name: "file").value("third", "delta") == "7")
  }

  @Test("Mixed line endings are kept, and new lines get the most frequent one")
  func mixedEnds() throws {
    var editor = try ConfFileEditor("[a]\r\none = 1\ntwo = 2\nthree = 3\r\n", name: "file")
    try editor.set("a", "two", to: "second")
    try editor.set("a", "three", to: "third")
    #expect(editor.text == "[a]\r\none = 1\ntwo = second\nthree = third\r\n")
    try editor.set("a", "four", to: "4")
    #expect(editor.text == "[a]\r\none = 1\ntwo = second\nthree = third\r\nfour = 4\n")
  }

  @Test("An empty value is set in the style of its key")
  func emptyValue() throws {
    var editor = try ConfFileEditor("[a]\none =\ntwo=\nthree: \n", name: "file")
    for key in ["one", "two", "three"] { try editor.set("a", key, to: "x") }
    #expect(editor.text == "[a]\none = x\ntwo=x\nthree:x\n")
  }

  @Test("Files with CRLF line endings are read")
  func serverWithOtherEnds() throws {
    let server = try Servers.fresh()
    let before = try server.installation
    for path in [server.brand.settingsFile, server.brand.configurationFile, server.brand.secretsFile] {
      let file = server.root + path
      try FileSystem.replace(file, with: try text(file).replacing("\n", with: "\r\n").utf8, mode: 0o644)
    }
    let after = try server.installation
    #expect(after.host == before.host && after.host != nil)
    #expect(after.secrets["avatar_salt"] == before.secrets["avatar_salt"])
    #expect(after.secrets["postgres_password"] == before.secrets["postgres_password"])
    #expect(after.databaseParameters().database == before.databaseParameters().database)
    #expect(after.databaseParameters().host == before.databaseParameters().host)
    #expect(after.uploadsFolder == before.uploadsFolder)
    try after.connect().close()
  }

  @Test("A folder without a server is an error with the searched paths")
  func noServer() throws {
    let failure = #expect(throws: PlainFailure.self) { _ = try Installation(root: "/nonexistent") }
    #expect(failure?.family == .configuration)
    #expect(failure?.reason.contains("/nonexistent/etc/aloha") == true)
    #expect(failure?.remedy?.contains("--root") == true)
  }
}
