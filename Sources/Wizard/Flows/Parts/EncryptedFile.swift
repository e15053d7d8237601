import Engine

/// Which files need a private key.
enum EncryptedFile {
  /// By its name, or by its first bytes where it has another name.
  static func isOne(_ path: String) -> Bool { path.hasSuffix(".age") || Encryption.isEncrypted(path) }
}
