import Common
import Postgres
import Sandbox
import Terminal
import Testing

@testable import Operations
@testable import Transfer
@testable import Wizard

/// Export, import, both cloud flows, and inspection of an archive.
@Suite("Flows around archives")
struct ArchiveFlowsTests {
  static let reader = ArchiveReader { path, identity, _ in
    switch path {
    case "/srv/none.tar.gz":
      throw PlainFailure(.notFound, path, "there is no such file", remedy: "check the path")
    case "/srv/backup.tar.gz":
      return .init(
        description: "a backup of a server", facts: [], isExport: false, isBackup: true, advice: "restore it")
    case "/srv/backup.tar.gz.age":
      return .init(
        description: identity == nil ? "a file that age has encrypted" : "a backup of a server", facts: [],
        isExport: false, isBackup: identity != nil, isSealed: identity == nil, advice: "restore it")
    case "/srv/evil.tar.gz":
      return .init(
        description: "an archive", facts: [], isExport: false, isBackup: false, advice: "",
        refusal: "a name in it leads out of its folder")
    default:
      return .init(
        description: "an export of an organization, made by this program",
        facts: [
          Summary.Fact("Organization", "Harbour Café 港 ('harbour')"), Summary.Fact("Version", "aloha 9.0"),
          Summary.Fact("Messages", "12,480"),
        ], isExport: true, isBackup: false, advice: "import it", subdomain: "harbour", name: "Harbour Café 港",
        isDeactivated: false)
    }
  }

  static func export(_ engine: FakeEngine) -> Flow {
    var context = engine.context()
    context.archiveFolder = "/srv"
    return ExportFlow(context).flow
  }

  static func importing(_ engine: FakeEngine) -> Flow {
    // The archive's subdomain is free on the server that imports it.
    engine.change { $0.others["/srv/chat"] = [] }
    return ImportFlow(engine.context(), reader, memory: 3 << 30).flow
  }

  // MARK: The same decisions in three ways

  static let exports = [
    FlowWay("as advised", lines: ["", "", "/srv/a.tar.gz", "", "", "", ""]) { walker in
      path("/srv/a.tar.gz", walker)
    },
    FlowWay("public channels, deactivated", lines: ["", "2", "/srv/a.tar.gz", "1", "", ""]) { walker in
      walker.walk(to: "scope")
      walker.press(.down, .enter)
      path("/srv/a.tar.gz", walker)
      walker.press(.enter, .up, .character(" "))
    },
    FlowWay("by consent of an older server", lines: ["", "3", "42", "/srv/a.tar.gz", "", "", ""]) { walker in
      walker.walk(to: "scope")
      walker.press(.down, .down, .enter)
      walker.type("42")
      path("/srv/a.tar.gz", walker)
    },
    FlowWay("an organization that is closed already", lines: ["3", "", "/srv/a.tar.gz", "", "", ""]) { walker in
      walker.press(.down, .enter)
      path("/srv/a.tar.gz", walker)
    },
  ]

  private static func path(_ path: String, _ walker: Walker) {
    walker.walk(to: "archive")
    walker.press(.control("u"))
    walker.type(path)
  }

  @Test("The screen, the linear mode and an answers file start the same export", arguments: exports)
  func exportsAlike(way: FlowWay) throws {
    let job = try way.check(Self.export)
    let export = try #require(job as? ExportOperation)
    let options = export.options
    #expect(export.server.root == "/srv/chat" && options.output == "/srv/a.tar.gz")
    switch way.testDescription {
    case "as advised": #expect(options.subdomain == "harbour" && !options.deactivates && options.consent == nil)
    case "public channels, deactivated": #expect(options.publicOnly && options.deactivates)
    case "by consent of an older server": #expect(options.consent == .byReactions(message: 42))
    default: #expect(options.subdomain == "" && !options.deactivates)
    }
  }

  static let imports = [
    FlowWay("as the archive says", lines: ["/srv/a.tar.gz", "", "", "", ""]) { $0.type("/srv/a.tar.gz") },
    FlowWay("at the reserved name, the server stopped", lines: ["/srv/a.tar.gz", "www", "y", "1", "", ""]) {
      walker in
      walker.type("/srv/a.tar.gz")
      walker.walk(to: "address")
      walker.press(.control("u"))
      walker.type("www")
      walker.press(.enter, .up, .enter)
      walker.walk(to: "memory")
      walker.press(.up, .character(" "))
    },
  ]

  @Test("The screen, the linear mode and an answers file start the same import", arguments: imports)
  func importsAlike(way: FlowWay) throws {
    let job = try way.check(Self.importing)
    let options = try #require(job as? ImportOperation).options
    #expect(options.archive == "/srv/a.tar.gz")
    let isReserved = way.testDescription.contains("reserved")
    #expect(options.subdomain == (isReserved ? "www" : "harbour"))
    #expect(options.allowsReservedSubdomain == isReserved && options.stopsServer == isReserved)
  }

  @Test("A transfer to the cloud proposes a rehearsal, with the requested name")
  func toCloud() throws {
    let way = FlowWay("", lines: ["", "", "", "harbour-team", "1", "/srv/a.tar.gz", "", ""]) { walker in
      walker.walk(to: "address")
      walker.press(.control("u"))
      walker.type("harbour-team")
      walker.walk(to: "purpose")
      walker.press(.up, .character(" "))
      Self.path("/srv/a.tar.gz", walker)
    }
    let job = try way.check { ToCloudFlow($0.context()).flow }
    let options = try #require(job as? ExportOperation).options
    #expect(options.handOver == CloudTransfer(subdomain: "harbour-team"))
    #expect(options.deactivates)
  }

  @Test("A transfer from the cloud imports the archive after a check of the version")
  func fromCloud() throws {
    let engine = FakeEngine()
    engine.change {
      $0.others["/srv/chat"] = []
      $0.findings = [
        Finding(.blocker, "version", "the archive comes from another version", remedy: "upgrade", id: .version)
      ]
    }
    let walker = Walker(FromCloudFlow(engine.context(), Self.reader).flow)
    walker.walk(to: "archive")
    walker.type("/srv/a.tar.gz")
    walker.walk(to: "version")
    walker.press(.enter)
    #expect(walker.step == "version")
    #expect(walker.sees("upgrade-aloha-from-git main"))
    engine.change { $0.findings = [Finding(.ok, "version", "the same migrations on both sides", id: .version)] }
    walker.press(.character("r"))
    walker.walk(to: "review")
    walker.begin()
    let options = try #require(engine.begun as? ImportOperation).options
    #expect(options.subdomain == "harbour")
  }

  // MARK: Refusals

  @Test("A backup, a refused archive and a missing one stop the import at its first step with a remedy")
  func refused() {
    for (path, text) in [
      ("/srv/backup.tar.gz", "restored, not imported"), ("/srv/evil.tar.gz", "leads out of its folder"),
      ("/srv/none.tar.gz", "there is no such file"),
    ] {
      let walker = Walker(Self.importing(FakeEngine()))
      walker.type(path)
      walker.press(.enter, .enter)
      #expect(walker.step == "archive" && walker.sees(text), "\(path)")
    }
  }

  @Test("The cloud refuses the root domain and reserved names")
  func cloudNames() {
    #expect(CloudTransfer.objection(to: "harbour") == nil)
    for name in ["", "ab", "www", "Harbour", "-x-", String(repeating: "a", count: 41)] {
      #expect(CloudTransfer.objection(to: name) != nil, "\(name)")
    }
  }

  // MARK: Inspection of an archive

  @Test("Inspecting describes the archive, and verifying leads on to the import")
  func inspect() {
    var context = FakeEngine().context()
    context.hasServer = false
    let flow = InspectFlow(context, Self.reader) { archive, identity, against in
      #expect(archive == "/srv/a.tar.gz" && identity == nil && !against)
      return FakeWork()
    }.flow
    let walker = Walker(flow)
    walker.type("/srv/a.tar.gz")
    walker.press(.enter)
    #expect(walker.sees("Harbour Café 港"))
    walker.walk(to: "run")
    walker.end(.success(FakeWork.summary))
    #expect(walker.focusedLine.contains("Import it into this server"))
  }

  @Test("An encrypted archive is inspected with its key, or by its SHA-256 without one")
  func encrypted() throws {
    let key = "/srv/key.txt"
    for identity in [nil, key] {
      let flow = InspectFlow(FakeEngine().context(), Self.reader) { archive, given, against in
        #expect(archive == "/srv/backup.tar.gz.age" && given == identity && !against)
        return FakeWork()
      }.flow
      let walker = Walker(flow, size: Size(columns: 120, rows: 40))
      walker.type("/srv/backup.tar.gz.age")
      #expect(walker.sees("File of its private key"))
      walker.press(.enter)
      #expect(walker.sees("age has encrypted"))
      walker.type("~nobody-such/key.txt")
      #expect(walker.sees("There is no user nobody-such"))
      walker.press(.control("u"))
      if let identity {
        walker.type(identity)
        walker.press(.enter)
        #expect(walker.sees("a backup of a server"))
      }
      walker.walk(to: "run")
      walker.end(.success(FakeWork.summary))
      #expect(walker.sees("content was not checked") == (identity == nil))
      let given = BackupStep.given("/srv/backup.tar.gz.age", identity: identity)
      #expect(walker.model.session.continuations.first?.destination == .flow("rehearse", given: given))
    }
    let answers = Answers([
      ArchiveStep.key.name: .text("/srv/b.age"), ArchiveStep.identityKey.name: .text(key),
      ArchiveStep.Label.kind: .text("backup"),
    ])
    #expect(
      InspectFlow.commands(answers, FakeEngine().context()) == [
        "aloha-wizard inspect /srv/b.age --identity /srv/key.txt",
        "aloha-wizard verify /srv/b.age --identity /srv/key.txt",
      ])
  }

  // MARK: Screens

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    var context = FakeEngine().context()
    context.archiveFolder = "/srv"
    context.hasServer = false
    let answering: (Walker, String) -> Void = { walker, step in
      if step == "archive" {
        walker.press(.control("u"))
        walker.type("/srv/a.tar.gz")
        if walker.model.session.step.lookup != nil { walker.press(.enter) }
      }
    }
    try GoldenTests.expect(
      ExportFlow(context).flow, look, steps: ["organization", "scope", "archive", "checks", "review"],
      answering: answering)
    try GoldenTests.expect(
      ImportFlow(context, Self.reader, memory: 3 << 30).flow, look,
      steps: ["archive", "address", "memory", "checks", "review"],
      answering: answering)
    try GoldenTests.expect(
      ToCloudFlow(context).flow, look, steps: ["welcome", "version", "address", "purpose", "archive", "review"],
      answering: answering)
    try GoldenTests.expect(
      FromCloudFlow(context, Self.reader).flow, look, steps: ["welcome", "archive", "version"], answering: answering)
    try GoldenTests.expect(
      InspectFlow(context, Self.reader) { _, _, _ in FakeWork() }.flow, look, steps: ["archive", "against", "review"],
      answering: answering)
  }

  // MARK: Real servers

  @Test("The flows export, verify and import an organization under another name")
  func forReal() throws {
    let real = try RealFlows()
    let context = real.context
    let archive = "\(real.server.root)/srv-a.tar.gz"
    let exported = try real.run(
      ExportFlow(context).flow,
      [
        OrganizationStep.key.name: .text("bookclub"), ExportFlow.Key.reach.name: .text("everything"),
        ExportFlow.Key.archive.name: .text(archive), ExportFlow.Key.deactivate.name: .flag(false),
      ])
    #expect(exported.contains("is exported") && FileSystem.exists(archive))

    let verified = try real.run(
      InspectFlow(context, .real).flow,
      [ArchiveStep.key.name: .text(archive), InspectFlow.Key.against.name: .flag(false)])
    #expect(verified.contains("The archive is intact"))

    try real.run(
      ImportFlow(context, .real).flow,
      [
        ArchiveStep.key.name: .text(archive), ImportFlow.Key.subdomain.name: .text("second"),
        ImportFlow.Key.stop.name: .flag(true),
      ])
    let count = "SELECT count(*) FROM zerver_message m JOIN zerver_realm r ON r.id = m.realm_id WHERE r.string_id = "
    #expect(try real.value("\(count)'second'") == real.value("\(count)'bookclub'"))
    #expect(try real.value("\(count)'second'") != "0")
    #expect(real.scriptLog.contains("stop-server") && real.scriptLog.contains("start-server"))
  }

  @Test("The transfer text contains the requested subdomain and the digest of the archive")
  func handedOver() throws {
    let real = try RealFlows()
    let archive = "\(real.server.root)/cloud.tar.gz"
    let text = try real.run(
      ToCloudFlow(real.context).flow,
      [
        OrganizationStep.key.name: .text("bookclub"), ToCloudFlow.Key.subdomain.name: .text("readers"),
        ToCloudFlow.Key.purpose.name: .flag(true), ToCloudFlow.Key.archive.name: .text(archive),
      ])
    #expect(text.contains("'readers'"))
    #expect(text.contains(try Digest.hexadecimal(ofFile: archive)))
    #expect(try real.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "t")
  }
}
