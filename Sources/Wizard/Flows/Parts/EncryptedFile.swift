import WholeServer

/// Determines whether a file needs a private key.
enum EncryptedFile {
  /// Decided by the name, otherwise by the first bytes.
  static func isOne(_ path: String) -> Bool { path.hasSuffix(".age") || Encryption.isEncrypted(path) }
}
