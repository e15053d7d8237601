import CCrypto
import Glibc

/// A running SHA-256 or SHA-1, computed by OpenSSL with the processor's own instructions.
public struct Digest: ~Copyable {
  public enum Algorithm: Sendable {
    case sha256
    /// Used only where the server's formats require it: names of avatars, keys of group messages.
    case sha1
  }

  private let context: OpaquePointer

  public init(_ algorithm: Algorithm = .sha256) {
    guard let context = EVP_MD_CTX_new() else { fatalError("OpenSSL: out of memory") }
    let type = algorithm == .sha256 ? EVP_sha256() : EVP_sha1()
    precondition(EVP_DigestInit_ex(context, type, nil) == 1, "OpenSSL has no SHA")
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// Returns the digest of all input, in hexadecimal. Ends the computation.
  public consuming func hexadecimal() -> String {
    var raw = [UInt8](repeating: 0, count: 64)
    var length: UInt32 = 0
    EVP_DigestFinal_ex(context, &raw, &length)
    return Hexadecimal.encode(raw.prefix(Int(length)))
  }

  public static func hexadecimal(_ bytes: some Sequence<UInt8>, _ algorithm: Algorithm = .sha256) -> String {
    var digest = Digest(algorithm)
    let array = Array(bytes)
    array.withUnsafeBytes { digest.update($0) }
    return digest.hexadecimal()
  }

  /// Returns the digest of a file, in hexadecimal.
  public static func hexadecimal(ofFile path: String) throws -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(file) }
    var digest = Digest()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(file, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
      if count == 0 { return digest.hexadecimal() }
      digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

public enum Hexadecimal {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
