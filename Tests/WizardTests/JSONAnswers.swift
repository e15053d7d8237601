import Foundation

@testable import Wizard

enum JSONAnswers {
  static func encode(_ answers: Answers) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(answers), as: UTF8.self)
  }

  static func decode(_ text: String) throws -> Answers {
    try JSONDecoder().decode(Answers.self, from: Data(text.utf8))
  }
}
