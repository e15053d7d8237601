import Archive
import Common
import Glibc
import JSON
import Server

/// Reads the name and the subdomain of the organization of an export, for lists of archives.
///
/// It checks nothing and never fails: a document that cannot be parsed names no organization. Texts are cleaned for a
/// terminal.
package final class OrganizationReader: MemberVisitor {
  package struct Found: Sendable, Equatable {
    package let name: String
    package let subdomain: String
  }

  /// Nil until the row of the organization was read.
  package private(set) var found: Found?
  private var stream: RowStream?

  private static let document = "realm.json"
  /// The bytes of an unpacked document to read: the organization is one of its first rows.
  private static let mostBytes = 4 << 20

  /// The documents that every export has, by their names.
  package static var requiredDocuments: [String] { DocumentList.required }

  package init() {}

  /// Returns the organization of an unpacked export; nil if the beginning of its document names none.
  ///
  /// - Parameter folder: the open folder of the export.
  package static func read(in folder: Int32) -> Found? {
    let file = openat(folder, document, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let reader = OrganizationReader()
    _ = reader.begin(MemberHeader(name: document, size: Int64(status.st_size), modified: 0))
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    var left = mostBytes
    while left > 0, reader.found == nil, reader.stream != nil {
      let count = Glibc.read(file, &chunk, min(chunk.count, left))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      left -= count
      chunk.withUnsafeBytes { reader.take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
    return reader.found
  }

  package func begin(_ header: MemberHeader) -> Bool {
    guard header.name == Self.document, found == nil else { return false }
    var reader = RowReader(keys: ["name", "string_id"])
    var table = ""
    stream = RowStream(
      header.name, begins: { name, _ in table = name },
      row: { [unowned self] _, row in
        guard table == TableName.realm, found == nil else { return }
        var scanner = JSONScanner(row, name: header.name)
        try reader.read(&scanner)
        guard let name = reader[0].text, let subdomain = reader[1].text else { return }
        found = Found(name: SafeText.clean(name, limit: .name), subdomain: SafeText.clean(subdomain, limit: .word))
      })
    return true
  }

  package func take(_ bytes: UnsafeRawBufferPointer) {
    do { try stream?.take(bytes) } catch { stream = nil }
  }

  package func end() { stream = nil }
}
