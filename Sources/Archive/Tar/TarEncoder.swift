import CArchive
import Common
import Glibc

/// Converts members into a tar archive in restricted pax format; libarchive writes the headers.
///
/// Equal members result in equal bytes: there is no owner, process id or time of creation.
final class TarEncoder {
  private let archive: OpaquePointer
  private let output: Output

  /// The context of libarchive's callbacks.
  private final class Output {
    /// Nil once nothing more can be written.
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
    // Without blocking, the data is passed on without copying.
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

  /// Starts a member of exactly `size` bytes. `modified` is in seconds since 1970; `mode` are permission bits.
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

  /// Pads the current member.
  func end() throws {
    try check(archive_write_finish_entry(archive))
  }

  /// Writes the end mark of the archive.
  func finish() throws {
    try check(archive_write_close(archive))
    output.sink = nil
  }

  private func check(_ code: Int32) throws {
    // A warning means that a name was written unchanged, as intended.
    guard code == ARCHIVE_OK || code == ARCHIVE_WARN, output.failure == nil else { throw currentFailure }
  }

  private var currentFailure: any Error {
    if let failure = output.failure { return failure }
    let text = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
    return PlainFailure(.unexpected, "libarchive", SafeText.clean(text))
  }
}
