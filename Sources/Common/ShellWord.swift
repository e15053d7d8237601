/// Quotes words for a shell.
public enum ShellWord {
  /// Returns a whole command line.
  public static func quoted(words: [String]) -> String { words.map { quoted($0) }.joined(separator: " ") }

  /// Splits a command line at its unquoted spaces. The parts are unchanged: joined by spaces they are the line again.
  public static func parts(of line: String) -> [String] {
    var parts = [""]
    var quote: Character?
    var isEscaped = false
    for character in line {
      if character == " ", quote == nil, !isEscaped {
        parts.append("")
        continue
      }
      parts[parts.count - 1].append(character)
      if isEscaped {
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if quote == character {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
      }
    }
    return parts
  }

  public static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        || "-_./:=@+,".utf8.contains(byte)
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
