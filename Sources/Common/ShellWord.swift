/// Quotes words for a shell.
public enum ShellWord {
  /// Returns a whole command line.
  public static func quoted(words: [String]) -> String { words.map { quoted($0) }.joined(separator: " ") }

  public static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        || "-_./:=@+,".utf8.contains(byte)
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
