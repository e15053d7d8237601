import Common
import Glibc

/// Connects the standard streams of this process with the socket of a ``StreamOutlet``, until one side ends.
public enum StreamRelay {
  /// - Parameter path: of the socket.
  public static func run(_ path: String) throws {
    // The job makes it when it begins to write.
    var socket = try? UnixSocket.connect(path)
    while socket == nil, FileSystem.isFolder(FileSystem.folder(of: path)), !isAbandoned {
      usleep(50_000)
      socket = try? UnixSocket.connect(path)
    }
    let connection = try socket ?? UnixSocket.connect(path)
    defer { close(connection) }
    let asking = try WorkerThread {
      while let bytes = UnixSocket.receive(from: STDIN_FILENO, most: 4096) {
        guard UnixSocket.send(bytes, to: connection) else { return }
      }
      shutdown(connection, Int32(SHUT_WR))
    }
    asking.detach()
    while let bytes = UnixSocket.receive(from: connection, most: 1 << 18) {
      guard pass(bytes) else { return }
    }
  }

  /// Whether the other machine has closed the connection.
  private static var isAbandoned: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: 0, revents: 0)
    return poll(&input, 1, 0) > 0 && input.revents & Int16(POLLHUP | POLLERR) != 0
  }

  /// Writes a file to standard output, in ``StreamFrame``s.
  public static func send(_ file: FileStream, from offset: Int64) throws {
    try file.open(at: offset)
    while true {
      switch try file.next() {
      case .bytes(let bytes): guard pass(StreamFrame.header(of: bytes.count) + bytes) else { return }
      case .end(let end):
        _ = pass(StreamFrame.encode(end))
        return
      }
    }
  }

  /// - Returns: false once the reader has ended.
  private static func pass(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
