import Common
import Glibc
import Sandbox
import Synchronization
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Transfer

/// A real memcached for one test, on a socket in a private folder.
private final class Cache: Sendable {
  let folder: String
  let socket: String
  private let process: pid_t

  static let program = Subprocess.find("memcached")

  init(_ arguments: [String] = [], environment: [String: String] = [:], folder: String? = nil) throws {
    self.folder = try folder ?? Self.makeFolder()
    socket = "\(self.folder)/memcached.socket"
    let user = geteuid() == 0 ? ["-u", "root"] : []
    process = try Subprocess(
      try #require(Self.program), ["-s", socket, "-a", "0700", "-m", "8"] + user + arguments, environment: environment,
      directory: "/"
    ).start()
    for _ in 0..<1000 where access(socket, F_OK) != 0 { usleep(10_000) }
  }

  deinit {
    kill(process, SIGTERM)
    _ = Subprocess.wait(process)
    try? FileSystem.removeTree(folder)
  }

  static func makeFolder() throws -> String {
    let folder = "/tmp/aloha-memcached-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    return folder
  }

  /// Sends a command of the text protocol and returns the answer up to `end`.
  func say(_ words: String, until end: String) throws -> String {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(code == 0)
    try Array(words.utf8).withUnsafeBytes { try FileSystem.writeAll(descriptor, $0, path: socket) }
    var answer = ""
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !answer.contains(end) {
      let count = read(descriptor, &chunk, chunk.count)
      if count <= 0 { break }
      answer += String(decoding: chunk[0..<count], as: UTF8.self)
    }
    return answer
  }
}

/// Writes the password file of a memcached with authentication, with the library that memcached itself uses.
private enum PasswordFile {
  private typealias Initialize = @convention(c) (UnsafeRawPointer?, UnsafePointer<CChar>) -> Int32
  private typealias Option =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafeMutablePointer<UInt32>?
    ) -> Int32
  private struct Callback {
    var id: UInt
    var function: Option?
    var context: UnsafeMutableRawPointer?
  }
  private typealias NewConnection =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafePointer<CChar>?, UnsafeRawPointer?, UInt32, UnsafeMutablePointer<OpaquePointer?>
    ) -> Int32
  private typealias SetPassword =
    @convention(c) (
      OpaquePointer?, UnsafePointer<CChar>, UnsafePointer<CChar>, UInt32, UnsafePointer<CChar>?, UInt32, UInt32
    ) -> Int32

  /// - Returns: false if this machine does not have the library.
  static func make(in folder: String, user: String, password: String) throws -> Bool {
    try FileSystem.replace(
      "\(folder)/memcached.conf", with: Array("mech_list: plain\nsasldb_path: \(folder)/users\n".utf8))
    guard let library = dlopen("libsasl2.so.2", RTLD_NOW), let first = dlsym(library, "sasl_server_init"),
      let second = dlsym(library, "sasl_server_new"), let third = dlsym(library, "sasl_setpass")
    else { return false }
    // The library calls these functions until the process ends. The environment is not used, because a test must not
    // change it.
    let callbacks = UnsafeMutablePointer<Callback>.allocate(capacity: 2)
    let answer: Option = { context, _, option, result, length in
      guard let option, String(cString: option) == "sasldb_path", let context else { return -1 }
      result?.pointee = UnsafePointer(context.assumingMemoryBound(to: CChar.self))
      length?.pointee = UInt32(strlen(context.assumingMemoryBound(to: CChar.self)))
      return 0
    }
    callbacks[0] = Callback(id: 1, function: answer, context: strdup("\(folder)/users"))
    callbacks[1] = Callback(id: 0, function: nil, context: nil)
    guard unsafeBitCast(first, to: Initialize.self)(callbacks, "memcached") == 0 else { return false }
    var connection: OpaquePointer?
    guard
      unsafeBitCast(second, to: NewConnection.self)(
        "memcached", "localhost", "localhost", nil, nil, nil, 0, &connection)
        == 0
    else { return false }
    let create: UInt32 = 1
    return unsafeBitCast(third, to: SetPassword.self)(
      connection, user, password, UInt32(password.utf8.count), nil, 0, create) == 0
  }
}

@Suite("The cache", .serialized, .enabled(if: Cache.program != nil, "no memcached here"))
struct MemcachedTests {
  @Test("The cache is emptied through memcached's binary protocol")
  func flush() throws {
    let cache = try Cache()
    #expect(try cache.say("set a 0 0 1\r\nx\r\n", until: "\r\n") == "STORED\r\n")
    #expect(try cache.say("get a\r\n", until: "END").contains("VALUE a"))
    try Memcached(place: .socket(cache.socket)).flush()
    #expect(try !cache.say("get a\r\n", until: "END").contains("VALUE"))
  }

  @Test("A cache without authentication is emptied although a password exists")
  func neverAsked() throws {
    let cache = try Cache()
    _ = try cache.say("set a 0 0 1\r\nx\r\n", until: "\r\n")
    try Memcached(place: .socket(cache.socket), user: "aloha@localhost", password: Secret("unused")).flush()
    #expect(try !cache.say("get a\r\n", until: "END").contains("VALUE"))
  }

  @Test("A cache with authentication accepts only the right password")
  func password() throws {
    let folder = try Cache.makeFolder()
    try #require(
      try PasswordFile.make(in: folder, user: "aloha@localhost", password: "open sesame"),
      "memcached's own library could not write its users")
    let cache = try Cache(["-S"], environment: ["SASL_CONF_PATH": folder], folder: folder)
    func flush(_ password: String?) throws {
      try Memcached(place: .socket(cache.socket), user: "aloha@localhost", password: password.map { Secret($0) })
        .flush()
    }
    try flush("open sesame")
    let wrong = #expect(throws: PlainFailure.self) { try flush("close sesame") }
    #expect(wrong?.reason.contains("refused the password") == true)
    #expect(wrong?.description.contains("sesame") == false)
    let none = #expect(throws: PlainFailure.self) { try flush(nil) }
    #expect(none?.reason.contains("wants a password") == true)
  }

  @Test("A missing cache is reported")
  func missing() throws {
    let failure = #expect(throws: PlainFailure.self) { try Memcached(place: .socket("/nonexistent/socket")).flush() }
    #expect(failure?.family == .connection)
    let network = #expect(throws: PlainFailure.self) {
      try Memcached(place: .network(host: "127.0.0.1", port: 1)).flush()
    }
    #expect(network?.reason.contains("cannot be reached") == true)
  }

  @Test("A server in another root never uses this machine's cache by default")
  func otherRoot() throws {
    let server = try Servers.fresh()
    #expect(Memcached(try server.installation) == nil)
    let settings = "\(server.configuration)/settings.py"
    try FileSystem.replace(
      settings, with: Array((try text(settings) + "MEMCACHED_LOCATION = \"[::1]:11299\"\n").utf8), mode: 0o644)
    #expect(Memcached(try server.installation)?.place == .network(host: "::1", port: 11_299))
  }

  @Test("An unreachable cache is emptied by the server's script")
  func script() throws {
    let server = try Servers.fresh()
    let settings = "\(server.configuration)/settings.py"
    try FileSystem.replace(
      settings, with: Array((try text(settings) + "MEMCACHED_LOCATION = \"127.0.0.1:1\"\n").utf8), mode: 0o644)
    let summary = try FlushCacheOperation(server.reference).perform(.silent)
    #expect(summary.facts.first?.value == "the server's script")
    #expect(try text(server.scriptLog).contains("[flush-memcached]"))
  }

  // MARK: A server with memcached

  /// Returns a server with an organization, whose settings contain the address of the cache.
  private func server(_ cache: Cache) throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 20))
    let settings = "\(server.configuration)/settings.py"
    try FileSystem.replace(
      settings, with: Array((try text(settings) + "MEMCACHED_LOCATION = \"\(cache.socket)\"\n").utf8), mode: 0o644)
    return server
  }

  /// Adds an entry to the cache at the start of every phase, and records the phases that found the cache empty.
  private final class Refilling: Sendable {
    private let cache: Cache
    private let emptied = Mutex<[String]>([])
    let cancellation = Cancellation()

    init(_ cache: Cache, stoppingAt last: String? = nil, _ body: (Progress) throws -> Void) rethrows {
      self.cache = cache
      try body(
        Progress(cancellation: cancellation) { [self] event in
          guard case .phaseStarted(let id, _, _, _) = event else { return }
          if isEmpty { emptied.withLock { $0.append(id) } }
          fill()
          if id == last { cancellation.cancel() }
        })
    }

    var phases: [String] { emptied.withLock { $0 } }

    var isEmpty: Bool { (try? !cache.say("get a\r\n", until: "END").contains("VALUE")) ?? false }

    private func fill() { _ = try? cache.say("set a 0 0 1\r\nx\r\n", until: "\r\n") }
  }

  @Test("An export that deactivates empties the cache, and again after the sessions ended")
  func deactivatingExport() throws {
    let cache = try Cache()
    let server = try server(cache)
    var options = ExportOperation.Options(subdomain: "bookclub", output: "\(server.root)/closed.tar.gz")
    options.deactivates = true
    let refilling = try Refilling(cache) { progress in
      let summary = try ExportOperation(server.reference, options).perform(progress)
      #expect(summary.warnings.isEmpty)
    }
    #expect(refilling.phases == ["deactivate", "read"], "nothing was in it before the first phase")
    #expect(refilling.isEmpty)
  }

  @Test("A cancelled export that deactivates empties the cache again")
  func stoppedExport() throws {
    let cache = try Cache()
    let server = try server(cache)
    var options = ExportOperation.Options(subdomain: "bookclub", output: "\(server.root)/stopped.tar.gz")
    options.deactivates = true
    let refilling = Refilling(cache, stoppingAt: "files") { progress in
      #expect(throws: Cancelled.self) { try ExportOperation(server.reference, options).perform(progress) }
    }
    #expect(refilling.isEmpty)
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "f")
  }

  @Test("An export without deactivation does not touch the cache")
  func plainExport() throws {
    let cache = try Cache()
    let server = try server(cache)
    let options = ExportOperation.Options(subdomain: "bookclub", output: "\(server.root)/open.tar.gz")
    let refilling = try Refilling(cache) { progress in
      _ = try ExportOperation(server.reference, options).perform(progress)
    }
    #expect(!refilling.isEmpty)
  }

  @Test("A move empties the old server's cache when it deactivates, and when it rolls that back")
  func move() throws {
    let cache = try Cache()
    let old = try server(cache)
    func move(to subdomain: String, stoppingAt phase: String? = nil) throws -> Refilling {
      let decisions = MoveDecisions(
        source: old.root, target: try Servers.fresh().root, organization: "bookclub",
        archive: "\(old.root)/\(subdomain).tar.gz", subdomain: subdomain, deactivates: true)
      let operation = MoveOperation(decisions)
      return try Refilling(cache, stoppingAt: phase) { progress in
        if phase == nil {
          _ = try operation.perform(progress)
        } else {
          #expect(throws: Cancelled.self) { try operation.perform(progress) }
        }
      }
    }
    let stopped = try move(to: "first", stoppingAt: "import.files")
    #expect(stopped.isEmpty)
    #expect(try old.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "f")
    let moved = try move(to: "second")
    let exporting = moved.phases.filter { $0.hasPrefix("export.") }
    #expect(exporting == ["export.deactivate", "export.read"])
    #expect(moved.phases.contains { $0.hasPrefix("import.") }, "the sessions ended after the export's last phase")
  }

  @Test("A cache that cannot be emptied is a warning of an export that deactivates")
  func unreachable() throws {
    let server = try server(Cache())
    try FileSystem.removeTree("\(server.installation.deploymentFolder)/scripts/setup/flush-memcached")
    var options = ExportOperation.Options(subdomain: "bookclub", output: "\(server.root)/warned.tar.gz")
    options.deactivates = true
    let summary = try ExportOperation(server.reference, options).perform(.silent)
    #expect(summary.warnings.count == 1 && summary.warnings.first?.contains("flush-memcached") == true)
  }
}
