import ArgumentParser
import Common
import Operations
import Wizard

/// Options for the appearance of the wizard.
struct LookOptions: ParsableArguments {
  @Option(help: "A theme's name or file.")
  var theme: String?

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(help: "Use no colours.")
  var noColor = false

  @Flag(
    inversion: .prefixedNo,
    help: "Ring the terminal's bell when work that took longer than half a minute has finished or failed.")
  var bell = true

  @Flag(help: "Ask line by line instead of drawing a screen; for screen readers, serial lines and pipes.")
  var linear = false

  @Option(
    help: ArgumentHelp(
      "Read the answers from this file; on a terminal, missing answers are asked for. See wizard --answers-template.",
      valueName: "file"))
  var answers: String?

  @Flag(help: "With --answers, or with lines from a pipe: data may be deleted.")
  var yes = false

  @Option(
    help: ArgumentHelp(
      "The name of what may be deleted, if it cannot be typed: with --answers, or with lines from a pipe.",
      valueName: "name"))
  var confirmDelete: String?

  func validate() throws { try OptionRule.paths([("--answers", answers)]) }

  /// Opens the wizard, and prints the outcome after the screen is left.
  ///
  /// - Parameter goal: the first goal; nil for the menu.
  func open(
    _ goal: String?, source: String, target: String?, brand: Brand? = nil, runsInThisProcess: Bool = false,
    archiveFolder: String? = nil
  ) throws {
    var options = WizardOptions()
    options.goal = goal
    options.source = source
    options.target = target
    options.brand = brand
    options.theme = theme.map(ThemeName.resolved)
    options.linear = linear
    options.answers = answers.map { FileSystem.absolute($0) }
    options.confirmsDestruction = yes
    options.confirmedName = confirmDelete
    options.ascii = ascii
    options.noColor = noColor
    options.bell = bell
    options.runsInThisProcess = runsInThisProcess
    options.archiveFolder = archiveFolder
    if let text = try Wizard.run(options) { StandardStream.output(text) }
  }
}

/// The name or the file of a theme.
enum ThemeName {
  /// Returns a name unchanged, and the absolute path of a file: with a slash, with `~`, or ending in `.toml`.
  static func resolved(_ text: String) -> String {
    text.contains("/") || text.hasPrefix("~") || text.hasSuffix(".toml") ? FileSystem.absolute(text) : text
  }
}
