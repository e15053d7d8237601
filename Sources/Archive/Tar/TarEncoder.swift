import CArchive
import Common
import Glibc

/// Turns members into the bytes of a tar archive: pax, restricted to what needs it. libarchive writes the headers.
///
/// The same members always give the same bytes: no owner, no process id, no clock.
final class TarEncoder {
  private let archive: OpaquePointer
  private let output: Output

  /// What libarchive's callbacks reach through their pointer.
  private final class Output {
    /// Nil once nothing more may be written.
    var sink: ((UnsafeRawBufferPointer) throws -> Void)?
    var failure: (any Error)?

    init(_ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) { self.sink = sink }
  }

  init(sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let archive = archive_write_new() else {
      throw PlainFailure(.unexpected, "libarchive", "cannot be started: out of memory")
    }
    self.archive = archive
    output = Output(sink)
    archive_write_set_format_pax_restricted(archive)
    archive_write_add_filter_none(archive)
    // No blocking: what is written goes through without being copied.
    archive_write_set_bytes_per_block(archive, 0)
    let code = archive_write_open(
      archive, Unmanaged.passUnretained(output).toOpaque(), nil,
      { _, client, bytes, count in
        guard let client else { return -1 }
        let output = Unmanaged<Output>.fromOpaque(client).takeUnretainedValue()
        guard let sink = output.sink else { return count }
        do {
          try sink(UnsafeRawBufferPointer(start: bytes, count: count))
          return count
        } catch {
          output.failure = error
          output.sink = nil
          return -1
        }
      }, nil)
    try check(code)
  }

  deinit {
    output.sink = nil
    archive_write_free(archive)
  }

  /// Begins a member of exactly `size` bytes. `modified` is in seconds since 1970; `mode` are permission bits.
  func begin(_ name: String, size: Int64, modified: Int64, mode: mode_t = 0o600) throws {
    guard let entry = archive_entry_new() else {
      throw PlainFailure(.unexpected, "libarchive", "out of memory")
    }
    defer { archive_entry_free(entry) }
    try NameLocale.forWriting {
      archive_entry_set_pathname(entry, name)
      archive_entry_set_filetype(entry, UInt32(Glibc.S_IFREG))
      archive_entry_set_perm(entry, mode & 0o777)
      archive_entry_set_size(entry, size)
      archive_entry_set_mtime(entry, time_t(modified), 0)
      try check(archive_write_header(archive, entry))
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count > 0 else { return }
    let taken = archive_write_data(archive, bytes.baseAddress, bytes.count)
    guard taken == bytes.count else { throw currentFailure }
  }

  /// Pads the member that was begun.
  func end() throws {
    try check(archive_write_finish_entry(archive))
  }

  /// Writes the end of the archive.
  func finish() throws {
    try check(archive_write_close(archive))
    output.sink = nil
  }

  private func check(_ code: Int32) throws {
    // A warning means that a name went out as it is, which is what is wanted.
    guard code == ARCHIVE_OK || code == ARCHIVE_WARN, output.failure == nil else { throw currentFailure }
  }

  private var currentFailure: any Error {
    if let failure = output.failure { return failure }
    let text = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
    return PlainFailure(.unexpected, "libarchive", SafeText.clean(text))
  }
}
