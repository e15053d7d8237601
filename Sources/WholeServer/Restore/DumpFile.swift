import Archive
import Common
import Glibc
import Server

/// The dump of a database, in any format of pg_dump.
struct DumpFile: Sendable, Equatable {
  enum Form: String, Sendable {
    case directory, custom, tar, plain
    case gzippedPlain = "gzipped plain"
    /// As container images before version 12 write it: the only file of a gzipped tar archive.
    case archivedPlain = "plain, in an archive"
  }

  var path: String
  let form: Form
  /// The name of the plain SQL file in its archive.
  var member: String?

  init(path: String, form: Form, member: String? = nil) {
    self.path = path
    self.form = form
    self.member = member
  }

  /// Whether it is SQL for psql, without a table of contents.
  var isPlain: Bool { [.plain, .gzippedPlain, .archivedPlain].contains(form) }

  /// - Throws: if it is not a dump, or would write into other databases than the given one.
  static func recognize(_ path: String) throws -> DumpFile {
    if FileSystem.isFolder(path) {
      guard FileSystem.exists("\(path)/toc.dat") else {
        throw failure(
          path, "is a folder without toc.dat, so no dump of pg_dump's", "give the folder that pg_dump has made")
      }
      return DumpFile(path: path, form: .directory)
    }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be read", errno: errno, family: .archive)
    }
    defer { close(file) }
    var head = [UInt8](repeating: 0, count: 4096)
    let count = max(0, read(file, &head, head.count))
    head = Array(head.prefix(count))
    if head.starts(with: Array("PGDMP".utf8)) { return DumpFile(path: path, form: .custom) }
    if head.starts(with: [0x1F, 0x8B]) {
      if let member = try archivedMember(path) { return DumpFile(path: path, form: .archivedPlain, member: member) }
      try checkInside(path)
      return DumpFile(path: path, form: .gzippedPlain)
    }
    if let compression = Compression.allCases.first(where: { head.starts(with: $0.mark) }) {
      throw failure(
        path, "is compressed with \(compression.rawValue)",
        "unpack it first, with \(compression.command), and give what comes out of it")
    }
    if head.count > 262, head[257..<262].elementsEqual("ustar".utf8) {
      guard head.starts(with: Array("toc.dat".utf8)) else {
        throw failure(path, "is a tar archive, but not one of pg_dump's", "unpack it, and give the dump that is in it")
      }
      return DumpFile(path: path, form: .tar)
    }
    let text = String(decoding: head, as: UTF8.self)
    guard text.contains("PostgreSQL database dump") || text.contains("SET statement_timeout") else {
      throw failure(path, "is no dump that pg_dump has made", "give a file or folder that pg_dump has written")
    }
    guard !text.contains("PostgreSQL database cluster dump") else {
      throw failure(
        path, "is a dump of all databases, made by pg_dumpall",
        "restore it into a PostgreSQL of its own, and dump the server's database alone with pg_dump")
    }
    return DumpFile(path: path, form: .plain)
  }

  /// The compression formats that are recognized but not supported; gzip is read directly.
  private enum Compression: String, CaseIterable {
    case zstd, xz, bzip2, lz4

    var mark: [UInt8] {
      switch self {
      case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
      case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A]
      case .bzip2: [0x42, 0x5A, 0x68]
      case .lz4: [0x04, 0x22, 0x4D, 0x18]
      }
    }

    var command: String {
      switch self {
      case .zstd: "zstd -d"
      case .xz: "unxz"
      case .bzip2: "bunzip2"
      case .lz4: "lz4 -d"
      }
    }
  }

  /// Returns whether a file is a dump as container images write it: in the custom format, or before version 12 in an
  /// archive.
  static func isOfImage(_ path: String) -> Bool {
    guard !FileSystem.isFolder(path) else { return false }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return false }
    defer { close(file) }
    var head = [UInt8](repeating: 0, count: 5)
    guard read(file, &head, head.count) == head.count else { return false }
    if head.elementsEqual("PGDMP".utf8) { return true }
    return head.starts(with: [0x1F, 0x8B]) && (try? archivedMember(path)) != nil
  }

  /// Returns the dump, if it is the first file of an archive and has the name that container images give it; else nil.
  private static func archivedMember(_ path: String) throws -> String? {
    guard let reader = try? ArchiveReader(path, skipsLinks: true), let first = try? reader.next() else { return nil }
    guard FileSystem.name(of: first.name) == "database-postgres.sql" else { return nil }
    return [reader.rootFolder, first.name].compactMap { $0 }.joined(separator: "/")
  }

  /// The command that writes the SQL of a compressed file to its output.
  var unpacking: Subprocess {
    guard let member else { return Subprocess("/bin/gzip", ["-dc", "--", path], directory: "/") }
    return Subprocess("/bin/tar", ["-xzO", "-f", path, "--", member], directory: "/")
  }

  /// Calls `body` with the descriptor of a pipe with the uncompressed file. `body` need not read to the end.
  private static func withUnzipped<Result>(
    _ file: DumpFile, _ body: (Int32) throws -> Result
  ) throws -> Result {
    let path = file.path
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child: pid_t
    do {
      defer { close(ends[1]) }
      child = try file.unpacking.start(output: ends[1])
    } catch {
      close(ends[0])
      throw error
    }
    defer {
      close(ends[0])
      _ = Subprocess.wait(child)
    }
    return try body(ends[0])
  }

  /// Checks the beginning of a gzipped file's content: only plain SQL is read from a compressed file.
  private static func checkInside(_ path: String) throws {
    let head = try withUnzipped(DumpFile(path: path, form: .gzippedPlain)) { plain in
      var head: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 4096)
      while head.count < piece.count {
        let got = read(plain, &piece, piece.count)
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { break }
        head += piece.prefix(got)
      }
      return head
    }
    if head.starts(with: Array("PGDMP".utf8)) {
      throw failure(path, "is a dump that was compressed once more", "unpack it first, with gunzip")
    }
    if head.count > 262, head[257..<262].elementsEqual("ustar".utf8) {
      throw failure(
        path, "is an archive of files, not a dump of the database",
        "give a whole backup by itself, without --database; else unpack it, and give the dump that is in it")
    }
    let text = String(decoding: head, as: UTF8.self)
    guard text.contains("PostgreSQL database dump") || text.contains("SET statement_timeout") else {
      throw failure(path, "is no dump that pg_dump has made", "give a file or folder that pg_dump has written")
    }
  }

  /// Returns the table of contents of a dump that has one.
  func contents(tools: PostgresTools) throws -> DumpContents {
    do {
      return try DumpContents.read(path, tools: tools)
    } catch let tool as ToolFailure where tool.remedy == nil {
      throw Self.failure(
        path, "cannot be read: \(tool.reason)", "it is damaged or was cut off: use another dump")
    }
  }

  /// Scans plain SQL, gzipped or not, for statements that would leave the target database (`\connect` and other psql
  /// meta-commands, which no dump of one database needs), and for its requirements.
  ///
  /// - Returns: nil for a dump with a table of contents.
  func plainContents(cancellation: Cancellation?) throws -> PlainContents? {
    switch form {
    case .plain:
      let file = open(path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno, family: .archive) }
      defer { close(file) }
      return try plainContents(of: file, cancellation: cancellation)
    case .gzippedPlain, .archivedPlain:
      return try Self.withUnzipped(self) { try plainContents(of: $0, cancellation: cancellation) }
    case .directory, .custom, .tar: return nil
    }
  }

  private func plainContents(of file: Int32, cancellation: Cancellation?) throws -> PlainContents {
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var orders = PlainScanner()
    var statements = SQLStatementScanner()
    var contents = PlainContents()
    while true {
      try cancellation?.check()
      let count = read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno, family: .archive) }
      guard count > 0 else { break }
      let order = chunk.withUnsafeBytes { whole in
        let bytes = UnsafeRawBufferPointer(rebasing: whole[..<count])
        var found: [SQLStatement] = []
        var comments: [String] = []
        statements.take(bytes, found: { found.append($0) }, said: { comments.append($0) })
        for comment in comments { contents.take(comment: comment) }
        for statement in found { contents.take(statement) }
        return orders.take(bytes)
      }
      if let order {
        throw Self.failure(
          path, "gives psql the order \(SafeText.clean(order, limit: .word)), which would leave the database it is for",
          "make the dump without --create, or make it with --format=custom")
      }
    }
    guard orders.hasEnd else {
      throw Self.failure(path, "has no end: pg_dump was stopped, or the file was cut", "use another dump")
    }
    return contents
  }

  static func failure(_ path: String, _ reason: String, _ remedy: String) -> PlainFailure {
    PlainFailure(.unsuitableArchive, SafeText.clean(path, limit: .path), reason, remedy: remedy)
  }
}

/// Scans plain SQL piece by piece, by the beginnings of its lines.
struct PlainScanner {
  private var line: [UInt8] = []
  /// Whether the final comment of pg_dump was seen.
  private(set) var hasEnd = false

  private static let longestBeginning = 60

  /// Returns the first psql meta-command that is not one of pg_dump's own, if there is one.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> String? {
    var start = 0
    while start < bytes.count {
      let end = bytes.position(of: "\n", from: start)
      let piece = bytes[start..<(end ?? bytes.count)]
      if line.count < Self.longestBeginning { line += piece.prefix(Self.longestBeginning - line.count) }
      guard let end else { return nil }
      if let order = finishLine() { return order }
      start = end + 1
    }
    return nil
  }

  private mutating func finishLine() -> String? {
    defer { line.removeAll(keepingCapacity: true) }
    if line.first == UInt8(ascii: "-") {
      if line.starts(with: "-- PostgreSQL database dump complete".utf8) { hasEnd = true }
      return nil
    }
    guard line.first == UInt8(ascii: "\\"), line.count > 1 else { return nil }
    // Rows of a COPY: their end marker, NULL, and escaped bytes. No meta-command to another database begins with these
    // letters.
    if "\\.Ntnrbfv0123456789".utf8.contains(line[1]) || line.starts(with: "\\unrestrict ".utf8) { return nil }
    return String(decoding: line, as: UTF8.self)
  }
}
