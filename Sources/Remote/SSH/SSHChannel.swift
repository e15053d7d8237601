import Common
import Glibc
import Synchronization

/// A running command on another machine, with its input and its output as streams of bytes.
///
/// One thread can read while another one writes.
public final class SSHChannel: Sendable {
  private struct Process {
    let pid: pid_t
    var status: Int32?
  }

  private let address: RemoteAddress
  private let log: OutputFile
  private let output: Int32
  /// The end to write to; -1 after it was closed, and if the caller has given the input.
  private let input: Mutex<Int32>
  private let process: Mutex<Process>

  init(_ child: Subprocess, input given: Int32?, _ address: RemoteAddress) throws {
    self.address = address
    log = try OutputFile()
    let out = try Handshake.pipe(address.label)
    var feed: (read: Int32, write: Int32)?
    if given == nil {
      do { feed = try Handshake.pipe(address.label) } catch {
        for end in [out.read, out.write] { close(end) }
        throw error
      }
    }
    defer {
      close(out.write)
      if let feed { close(feed.read) }
    }
    do {
      let pid = try child.start(
        input: given ?? feed?.read ?? -1, output: out.write, error: log.descriptor, newSession: true)
      process = Mutex(Process(pid: pid))
    } catch {
      close(out.read)
      if let feed { close(feed.write) }
      throw error
    }
    output = out.read
    input = Mutex(feed?.write ?? -1)
  }

  deinit {
    end()
    close(output)
  }

  /// How often a cancellation is looked at, in milliseconds.
  private static let interval: Int32 = 200

  /// Waits for output.
  ///
  /// - Returns: at least one byte; nil at the end of the output.
  /// - Throws: `.cancelled`.
  public func read(most: Int = 1 << 17, cancellation: Cancellation? = nil) throws -> [UInt8]? {
    while true {
      try cancellation?.check()
      var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Self.interval) > 0 else { continue }
      let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
        count = max(0, Glibc.read(output, buffer.baseAddress, most))
      }
      if !bytes.isEmpty { return bytes }
      if errno != EINTR { return nil }
    }
  }

  /// Writes to the command's input; waits as long as it does not read.
  ///
  /// - Throws: ``SSHFailure`` once the command, or the connection, has ended.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    let descriptor = input.withLock { $0 }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SSHFailure(address, .lost) }
      rest = rest.dropFirst(count)
    }
  }

  /// Ends the input: the command reads its end.
  public func closeInput() {
    input.withLock { input in
      if input >= 0 { close(input) }
      input = -1
    }
  }

  /// Waits for the end of the command.
  ///
  /// - Returns: its exit status, or 128 + the signal that ended it.
  @discardableResult
  public func wait() -> Int32 {
    closeInput()
    return process.withLock { process in
      if let status = process.status { return status }
      let status = Subprocess.wait(process.pid)
      process.status = status
      return status
    }
  }

  /// The end of standard error, of ssh and of the command.
  public var errorText: String { log.text }

  /// What ssh says about its end.
  public var failure: SSHFailure { SSHFailure(address, output: log.text) }

  /// Returns the failure that the program there has printed: its reason, then its remedy.
  ///
  /// - Parameter status: its exit status.
  func failure(_ status: Int32, of subject: String, _ prefix: String = "", remedy: String? = nil) -> PlainFailure {
    let label = "What to do: "
    let lines = errorText.split(whereSeparator: \.isNewline).map { line in
      String(SafeText.clean(line, limit: .line).drop { $0 == " " })
    }
    let advice = lines.first { $0.hasPrefix(label) }.map { String($0.dropFirst(label.count)) }
    return PlainFailure(
      FailureFamily(rawValue: status) ?? .command, subject,
      prefix + (lines.first ?? "the program there ended without a reason"), remedy: advice ?? remedy)
  }

  /// Ends the command's connection. The command itself reads the end of its input.
  public func end() {
    closeInput()
    process.withLock { process in
      guard process.status == nil else { return }
      kill(process.pid, SIGTERM)
      process.status = Subprocess.wait(process.pid)
    }
  }
}
