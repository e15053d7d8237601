import Common
import Testing

@testable import Engine

@Suite("The server's configuration files")
struct ConfigurationTests {
  @Test("An ini file is read as the server reads it")
  func iniFile() {
    let file = ConfFile(
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
      """)
    #expect(file.value("machine", "deploy_type") == "production")
    #expect(file.value("machine", "puppet_classes") == "aloha::profile::standalone")
    #expect(file.value("postgresql", "database_name") == "chat")
    #expect(file.value("postgresql", "database_user") == "operator")
    #expect(file.value("postgresql", "empty") == "")
    #expect(file.value("postgresql", "long") == "first\nsecond")
    #expect(file.value("postgresql", "missing") == nil)
    #expect(file.value("nowhere", "database_name") == nil)
  }

  @Test("Of settings.py plain assignments are read, and Python is left to Python")
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

  @Test("One value of an ini file is changed, every other byte stays")
  func editing() {
    let text = "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta=2\n\n[other]\nbeta = 3\n"
    var editor = ConfFileEditor(text)
    editor.set("secrets", "beta", to: "new")
    #expect(editor.text == "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta = new\n\n[other]\nbeta = 3\n")
    editor.set("secrets", "gamma", to: "4")
    #expect(
      editor.text == "# top\n[secrets]\nalpha = 1\n# beta = old\nbeta = new\ngamma = 4\n\n[other]\nbeta = 3\n")
    editor.set("third", "delta", to: "5")
    #expect(editor.text.hasSuffix("[other]\nbeta = 3\n[third]\ndelta = 5\n"))
    #expect(ConfFile(editor.text).value("secrets", "gamma") == "4")
  }

  @Test("A folder without a server is an error that says where was looked")
  func noServer() throws {
    let failure = #expect(throws: PlainFailure.self) { _ = try Installation(root: "/nonexistent") }
    #expect(failure?.family == .configuration)
    #expect(failure?.reason.contains("/nonexistent/etc/aloha") == true)
    #expect(failure?.remedy?.contains("--root") == true)
  }
}
