import Common
import Glibc
import Postgres
import Server
import Synchronization

/// An SQL script with some statements omitted or replaced while a program reads it.
///
/// The file itself is never changed, and no copy is written to disk.
struct EditedScript: Sendable {
  struct Edit: Sendable, Equatable {
    let range: Range<Int64>
    /// The replacement; empty omits the statement.
    let text: String
  }

  let path: String
  /// In the order of the file, without overlaps.
  let edits: [Edit]

  init(path: String, edits: [Edit]) {
    self.path = path
    self.edits = edits
  }

  /// Computes the edits that make a script fit.
  ///
  /// - Parameter owner: the role that gets objects if the script's own owner cannot be used.
  init(path: String, _ contents: PlainContents, _ fit: DumpFit, owner: String) {
    self.path = path
    edits = contents.items.compactMap { item in
      let text: String? =
        switch item.kind {
        case .setting(let name): fit.unknownSettings.contains(name) ? "" : nil
        case .commentOnExtension(let name): fit.omittedComments.contains(name) ? "" : nil
        case .commentOnPublicSchema: fit.omitsPublicComment ? "" : nil
        case .owner(let role, let statement):
          fit.replacedOwners.contains(role) ? "\(statement)\(Identifier.quote(owner));" : nil
        case .session(let role):
          // Only a superuser may change the session; SET ROLE has the same effect on new objects.
          fit.omitsPrivileges ? (role == nil ? "RESET ROLE;" : "SET ROLE \(Identifier.quote(owner));") : nil
        case .privileges(_, let grantees):
          fit.omitsPrivileges || !fit.missingGrantees.isDisjoint(with: grantees) ? "" : nil
        case .tablespace(let name): fit.missingTablespaces.contains(name) ? "SET default_tablespace = '';" : nil
        case .securityLabel(let provider): fit.missingLabelProviders.contains(provider) ? "" : nil
        case .subscription: ""
        case .publication(let name, _): fit.omittedPublications.contains(name) ? "" : nil
        case .makesExtension, .superuserObject, .policy, .collation: nil
        }
      return text.map { Edit(range: item.range, text: $0) }
    }
  }

  /// Calls `body` with a descriptor from which the edited script can be read.
  ///
  /// - Throws: the errors of `body`; also if the file could not be read to its end, in which case the result is
  ///   unusable.
  func read<Value>(_ body: (Int32) throws -> Value) throws -> Value {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno, family: .archive) }
    defer { close(file) }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // The reader may end early; the writer must not block forever.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    let hasEnded = Cancellation()
    let output = ends[1]
    let failure = SharedFailure()
    let writer: WorkerThread
    do {
      writer = try WorkerThread {
        do { try write(from: file, to: output, until: hasEnded) } catch { failure.set(error) }
        close(output)
      }
    } catch {
      close(output)
      throw error
    }
    let result: Result<Value, any Error> = Result { try body(ends[0]) }
    hasEnded.cancel()
    writer.join()
    let value = try result.get()
    if let error = failure.value { throw error }
    return value
  }

  private final class SharedFailure: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    func set(_ new: any Error) { error.withLock { $0 = $0 ?? new } }
    var value: (any Error)? { error.withLock { $0 } }
  }

  private func write(from file: Int32, to output: Int32, until hasEnded: Cancellation) throws {
    var place: Int64 = 0
    for edit in edits {
      try copy(from: file, place..<edit.range.lowerBound, to: output, hasEnded)
      try write(Array(edit.text.utf8)[...], to: output, hasEnded)
      place = edit.range.upperBound
    }
    try copy(from: file, place..<Int64.max, to: output, hasEnded)
  }

  private func copy(from file: Int32, _ range: Range<Int64>, to output: Int32, _ hasEnded: Cancellation) throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var place = range.lowerBound
    while place < range.upperBound {
      let count = pread(file, &chunk, min(chunk.count, Int(clamping: range.upperBound - place)), off_t(place))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno, family: .archive) }
      guard count > 0 else { break }
      try write(chunk[..<count], to: output, hasEnded)
      place += Int64(count)
    }
    guard place == range.upperBound || range.upperBound == .max else {
      throw DumpFile.failure(path, "became shorter while it was read", "use another copy of it")
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, to output: Int32, _ hasEnded: Cancellation) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        // The reader has ended, for a reason of its own.
        if hasEnded.isCancelled { return }
        var source = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        poll(&source, 1, 100)
      } else if errno == EPIPE {
        return
      } else if errno != EINTR {
        throw PlainFailure.system(path, "cannot be handed over", errno: errno, family: .archive)
      }
    }
  }
}
