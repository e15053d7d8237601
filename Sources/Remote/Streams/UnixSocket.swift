import CSystem
import Common
import Glibc

/// A socket with a path, of whatever length: the kernel's limit for its name is met by a short way to its folder.
enum UnixSocket {
  /// Creates a socket that accepts connections; its folder decides who may connect.
  static func listen(_ path: String) throws -> Int32 {
    try open(path) { descriptor, address, size in
      unlink(path)
      return Glibc.bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 4) == 0
    }
  }

  static func connect(_ path: String) throws -> Int32 {
    try open(path) { descriptor, address, size in Glibc.connect(descriptor, address, size) == 0 }
  }

  private static func open(
    _ path: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
  ) throws -> Int32 {
    let folder = Glibc.open(FileSystem.folder(of: path), csystem_path_only() | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: errno) }
    defer { close(folder) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array("/proc/self/fd/\(folder)/\(FileSystem.name(of: path))".utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw PlainFailure(.unexpected, path, "its name is too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: errno) }
    let isOpen = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard isOpen else {
      let code = errno
      close(descriptor)
      throw PlainFailure.system(path, "cannot be used", errno: code)
    }
    return descriptor
  }

  /// Sends all bytes; waits while the other side does not read.
  ///
  /// - Returns: false once the other side has closed.
  static func send(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// - Returns: nil at the end.
  static func receive(from descriptor: Int32, most: Int = 1 << 16) -> [UInt8]? {
    while true {
      var failed: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
        let got = read(descriptor, buffer.baseAddress, most)
        failed = got < 0 ? errno : 0
        count = max(0, got)
      }
      if !bytes.isEmpty { return bytes }
      guard failed == EINTR else { return nil }
    }
  }
}
