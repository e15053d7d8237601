import ArgumentParser
import Common

/// Checks options by the rules of the wizard's fields.
enum OptionRule {
  /// - Parameter rule: a rule of ``InputRule``.
  /// - Throws: a usage error that names the option. The value is not shown: it could be a secret given by mistake.
  static func check(_ option: String, _ value: String?, _ rule: (String) -> String?) throws {
    guard let value, let problem = rule(value) else { return }
    throw ValidationError("\(option): \(problem).")
  }

  static func paths(_ options: [(name: String, value: String?)]) throws {
    for option in options { try check(option.name, option.value, InputRule.path) }
  }

  /// Checks the path and the name of a new archive.
  static func archive(_ option: String, _ value: String?, isEncrypted: Bool = false) throws {
    try check(option, value, InputRule.path)
    try check(option, value) { InputRule.archive(FileSystem.absolute($0), isEncrypted: isEncrypted) }
  }
}
