import Glibc

/// Reports through a pipe whether a child process is ready.
public enum Handshake {
  /// Creates a pipe that other children do not inherit: a second writer would block the reader.
  ///
  /// - Parameter subject: the subject of errors.
  public static func pipe(_ subject: String) throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else {
      throw PlainFailure.system(subject, "pipe", errno: errno, family: .command)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Waits until the other end is closed; returns whether "ready" was written before.
  public static func saysReady(_ descriptor: Int32) -> Bool {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      text.append(contentsOf: chunk[0..<count])
    }
    return String(decoding: text, as: UTF8.self).contains("ready")
  }
}
