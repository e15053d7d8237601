import ArgumentParser
import Common
import FoundationEssentials
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer
@testable import WholeServer
@testable import aloha_wizard

/// Operations of every kind, with variations that use every option.
enum SampleOperations {
  /// Folders that exist, because commands check it.
  static let server = ServerReference(root: "/usr")
  static let other = ServerReference(root: "/var", brand: .zulip)

  static let all: [any Operation] =
    exports + imports + moves + restores + backups + settings + [
      deletion(.keep), deletion(.ofOrganization), deletion(.everything),
      DeactivateOperation(server, subdomain: "harbour"), DeactivateOperation(other, subdomain: ""),
      ReactivateOperation(server, subdomain: "harbour"),
      ChangeSubdomainOperation(server, from: "a", to: "b"),
      ChangeSubdomainOperation(server, from: "a", to: "", leavesRedirect: false, allowsReserved: true),
      PasswordResetOperation(server, subdomain: "harbour", audience: .everybody, onlyNeverSignedIn: true),
      PasswordResetOperation(server, subdomain: "harbour", audience: .addresses(["a@example.com", "b@example.com"])),
      FlushCacheOperation(server), RemoveLeftoversOperation(other),
      ScriptOperation(server, .start), ScriptOperation(server, .stop), ScriptOperation(other, .restart),
      ScriptOperation(server, .registerForPush),
      UndoJobOperation(
        servers: [server], folder: "/srv/chat/var/lib/jobs/20261126T171145-beeo", despiteSignsOfLife: true),
    ]

  private static var exports: [any Operation] {
    var all: [ExportOperation.Options] = [.init(subdomain: "harbour", output: "/tmp/a b.tar.gz")]
    all.append(.init(subdomain: "", output: "/tmp/a.tar.gz"))
    all[1].deactivates = true
    all[1].publicOnly = true
    all[1].parallel = 3
    all[1].level = 9
    all[1].strict = true
    all.append(.init(subdomain: "x", output: "/tmp/a.tar.gz"))
    all[2].consent = .bySetting
    all[2].handOver = CloudTransfer(subdomain: "harbour-team")
    all.append(.init(subdomain: "x", output: "/tmp/a.tar.gz"))
    all[3].consent = .byReactions(message: 42)
    return all.map { ExportOperation(server, $0) } + [ExportOperation(other, all[0])]
  }

  private static var imports: [any Operation] {
    var all: [ImportOperation.Options] = [.init(subdomain: "harbour", archive: "/tmp/it's.tar.gz")]
    all.append(.init(subdomain: "", archive: "/tmp/a.tar.gz"))
    all[1].allowsReservedSubdomain = true
    all[1].ignoresVersions = true
    all[1].stopsServer = true
    all[1].reportFolder = "/tmp/report"
    return all.map { ImportOperation(server, $0) }
  }

  private static var moves: [any Operation] {
    var decisions = MoveDecisions(
      source: "/srv/chat", target: "/srv/new", organization: "harbour", archive: "/tmp/a.tar.gz", subdomain: "port",
      deactivates: true, secrets: ["camo_key": .copy, "avatar_salt": .keep], stopsTarget: true)
    let here = decisions
    decisions.target = nil
    decisions.deactivates = false
    decisions.wasDeactivated = true
    return [MoveOperation(here), MoveOperation(decisions, brand: .zulip)]
  }

  private static var restores: [any Operation] {
    var options = RestoreOptions(archive: "/tmp/b.tar.gz.age")
    options.keepsSettings = true
    options.keepsConfiguration = true
    options.externalHost = "chat.example.com"
    options.allowsPartial = true
    options.salvages = true
    options.ignoresVersions = true
    options.identity = "/root/key"
    options.workFolder = "/var/tmp/work"
    options.parallel = 2
    options.administrator = .init(user: "dba", passwordFile: "/root/password")
    options.exportFirst = .init(folder: "/srv/exports")
    var manual = RestoreOptions(
      .manual(ManualBackup(database: "/a.dump", settings: "/etc.tar", uploads: "/uploads", data: "/data")))
    manual.exportFirst = .init(folder: nil)
    var rehearsal = RehearseOperation.Options(archive: "/tmp/b.tar.gz")
    rehearsal.identity = "/root/key"
    rehearsal.workFolder = "/var/tmp/work"
    rehearsal.parallel = 2
    return [
      RestoreOperation(server, RestoreOptions(archive: "/tmp/b.tar.gz")), RestoreOperation(other, options),
      RestoreOperation(server, manual), ResumeRestoreOperation(server), ClearRestoreOperation(server),
      RollBackOperation(other), DiscardRestoreOperation(server), RehearseOperation(server, rehearsal),
    ]
  }

  private static var backups: [any Operation] {
    var options = BackupOperation.Options(output: "/srv/backups/b.tar.gz.age")
    options.skipsDatabase = true
    options.skipsUploads = true
    options.parallel = 2
    options.level = 6
    options.recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    options.workFolder = "/var/tmp/work"
    let schedule = BackupSchedule(
      folder: "/srv/backups", hour: 4, minute: 5, policy: RetentionPolicy(last: 1, daily: 2, weekly: 3, monthly: 4),
      rehearses: false, metricsFolder: "/srv/metrics", serverWords: ["--root", "/usr"], mailTo: "ann@example.com")
    return [
      BackupOperation(server, .init(output: "/srv/backups/b.tar.gz")), BackupOperation(server, options),
      PruneOperation(.init(folder: "/srv/backups", policy: schedule.policy)),
      InstallScheduleOperation(server, .init(schedule, manager: .cron)),
    ]
  }

  private static var settings: [any Operation] {
    [
      CopySettingsOperation(
        from: "/srv/new", to: server,
        .init(
          facts: MigrationFacts(kind: .restore), decisions: ["camo_key": .copy, "EMAIL_HOST": .drop],
          followsAdvice: false, runsFollowUps: true, registersForPush: true)),
      UndoSettingsOperation(server), UndoSettingsOperation(server, overwritesEdits: true),
      CopySecretsOperation(from: server, to: other, decisions: ["camo_key": .copy, "avatar_salt": .keep]),
    ]
  }

  private static func deletion(_ uploads: DeleteOrganizationOperation.Options.Uploads) -> any Operation {
    var options = DeleteOrganizationOperation.Options(subdomain: "harbour")
    options.uploads = uploads
    options.confirmation = "harbour"
    options.despiteSignsOfLife = uploads == .everything
    return DeleteOrganizationOperation(server, options)
  }
}

@Suite("Operations as values")
struct OperationTests {
  @Test("Every kind in the catalogue has a sample here")
  func complete() {
    let kinds = Set(SampleOperations.all.map { type(of: $0).kind })
    #expect(kinds.sorted() == OperationCatalog.standard.kinds)
  }

  @Test("An operation is decoded from its JSON unchanged")
  func stored() throws {
    for operation in SampleOperations.all {
      let data = try JSONEncoder().encode(StoredOperation(operation))
      let read = try JSONDecoder().decode(StoredOperation.self, from: data).operation
      #expect(read.isEqual(to: operation), "\(String(decoding: data, as: UTF8.self))")
    }
  }

  @Test("Titles and undo rules need no server")
  func outlook() {
    for operation in SampleOperations.all {
      #expect(!operation.title.isEmpty)
      #expect(!operation.servers.isEmpty)
      let undo = operation.undo(UndoContext(recordFolder: "/nowhere"))
      switch undo {
      case .impossible(let reason): #expect(!reason.isEmpty)
      case .operations(let operations, _): #expect(!operations.isEmpty)
      }
    }
  }

  /// Returns whether the operation is parsed from its own command. A move has the commands of its parts, secrets are
  /// copied by the command for settings, and an undo names a job on a real server.
  private static func isOneCommand(_ operation: any Operation) -> Bool {
    !(operation is MoveOperation || operation is UndoJobOperation || operation is CopySecretsOperation)
  }

  @Test("The command line that an operation prints is parsed as the same operation")
  func commands() throws {
    for operation in SampleOperations.all where Self.isOneCommand(operation) {
      // These two commands need real servers: settings are compared, and the name of a new backup is generated.
      if operation is CopySettingsOperation || operation is BackupOperation { continue }
      let words = try #require(operation.commands.first).arguments
      let command = try #require(try AlohaWizard.parseAsRoot(words) as? any OperationCommand, "\(words)")
      let parsed = try command.operation()
      #expect(parsed.isEqual(to: operation), "\(words)\n\(parsed)\n\(operation)")
    }
  }

  @Test("The command lines of operations that need a server are accepted by the parser too")
  func acceptedCommands() throws {
    for operation in SampleOperations.all {
      for command in operation.commands {
        #expect(throws: Never.self, "\(command.text)") { try AlohaWizard.parseAsRoot(command.arguments) }
      }
    }
  }
}
