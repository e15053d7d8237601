import CArchive
import Common
import Glibc

/// Reads the entries of a tar stream with libarchive, which accesses neither the file nor the compression.
final class TarDecoder {
  struct Entry {
    /// The name in the archive; not checked, possibly not UTF-8.
    var rawName: [UInt8]
    /// The size in the archive; possibly negative.
    var size: Int64
    /// In the years 1 to 9999.
    var modified: Int64
    var mode: mode_t
    var type: mode_t
    var isHardLink: Bool
    var isSparse: Bool
    /// The position of its header in the stream, in bytes.
    var position: Int64
  }

  private let archive: OpaquePointer
  private let input: Input
  private let path: String

  /// The context of libarchive's callback.
  private final class Input {
    let next: () throws -> UnsafeRawBufferPointer?
    var failure: (any Error)?
    var given: Int64 = 0
    var last: UnsafeRawBufferPointer?

    init(_ next: @escaping () throws -> UnsafeRawBufferPointer?) { self.next = next }

    func pull() throws -> UnsafeRawBufferPointer? {
      last = try next()
      given += Int64(last?.count ?? 0)
      return last
    }
  }

  /// - Parameter next: returns the next piece of the stream, valid until the next call; nil at its end.
  init(path: String, next: @escaping () throws -> UnsafeRawBufferPointer?) throws {
    guard let archive = archive_read_new() else {
      throw PlainFailure(.unexpected, "libarchive", "cannot be started: out of memory")
    }
    self.archive = archive
    self.path = path
    input = Input(next)
    archive_read_support_filter_none(archive)
    archive_read_support_format_tar(archive)
    let code = archive_read_open(
      archive, Unmanaged.passUnretained(input).toOpaque(), nil,
      { _, client, pointer in
        guard let client, let pointer else { return -1 }
        let input = Unmanaged<Input>.fromOpaque(client).takeUnretainedValue()
        guard input.failure == nil else { return -1 }
        do {
          guard let piece = try input.pull() else { return 0 }
          pointer.pointee = piece.baseAddress
          return piece.count
        } catch {
          input.failure = error
          return -1
        }
      }, nil)
    guard code == ARCHIVE_OK else { throw failure("its beginning is not that of a tar archive") }
  }

  deinit { archive_read_free(archive) }

  /// Returns the next entry of any type; nil at the end of the archive.
  func next() throws -> Entry? {
    try NameLocale.forReading {
      var entry: OpaquePointer?
      let code = archive_read_next_header(archive, &entry)
      if code == ARCHIVE_EOF && input.failure == nil { return nil }
      // A warning concerns a name that was not converted, as intended.
      guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry, input.failure == nil else {
        throw failure("the entry at byte \(archive_read_header_position(archive)) makes no sense")
      }
      return Entry(
        rawName: Self.name(of: entry), size: archive_entry_size(entry),
        modified: min(max(Int64(archive_entry_mtime(entry)), Self.earliest), Self.latest),
        mode: mode_t(archive_entry_perm(entry)),
        type: mode_t(archive_entry_filetype(entry)),
        isHardLink: archive_entry_hardlink(entry) != nil,
        isSparse: archive_entry_sparse_count(entry) > 0, position: archive_read_header_position(archive))
    }
  }

  /// Returns the next bytes of the current entry; nil at its end.
  func chunk(at expected: Int64) throws -> UnsafeRawBufferPointer? {
    while true {
      var start: UnsafeRawPointer?
      var count = 0
      var offset: Int64 = 0
      let code = archive_read_data_block(archive, &start, &count, &offset)
      if code == ARCHIVE_EOF && input.failure == nil { return nil }
      guard code == ARCHIVE_OK, input.failure == nil else { throw failure("it ends in the middle of a member") }
      guard offset == expected else { throw failure("a member has a hole at byte \(offset)") }
      if count > 0 { return UnsafeRawBufferPointer(start: start, count: count) }
    }
  }

  /// Checks the end of the archive: the end mark, followed only by zeros.
  func finish() throws {
    // libarchive has consumed a part of the end mark; the rest is in its last piece.
    let markStart = archive_read_header_position(archive)
    let unused = max(0, input.given - archive_filter_bytes(archive, -1))
    if let last = input.last { try checkZeros(last.suffix(Int(unused))) }
    while let piece = try input.pull() { try checkZeros(piece[...]) }
    guard input.given >= markStart + Self.endMark else { throw failure("its end is missing") }
  }

  private func checkZeros(_ bytes: Slice<UnsafeRawBufferPointer>) throws {
    guard bytes.allSatisfy({ $0 == 0 }) else { throw failure("something follows the end of the archive") }
  }

  private static let endMark: Int64 = 1024
  private static let earliest: Int64 = -62_135_596_800
  private static let latest: Int64 = 253_402_300_799

  private static func name(of entry: OpaquePointer) -> [UInt8] {
    guard let name = archive_entry_pathname(entry) else { return [] }
    return Array(UnsafeRawBufferPointer(start: name, count: strlen(name)))
  }

  private func failure(_ place: String) -> any Error {
    input.failure ?? ArchiveFailure(path, .damaged(place))
  }
}
