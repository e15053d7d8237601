import ArgumentParser
import Common
import Engine
import Wizard

/// How the wizard looks.
struct LookOptions: ParsableArguments {
  @Option(help: "A theme's name or file.")
  var theme: String?

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(help: "Use no colours.")
  var noColor = false

  /// Opens the wizard and prints what came of it once the screen is left.
  func open(
    source: String, target: String?, brand: Brand? = nil, isTest: Bool = false, archiveFolder: String? = nil
  ) throws {
    var options = WizardOptions()
    options.source = source
    options.target = target
    options.brand = brand
    options.theme = theme
    options.ascii = ascii
    options.noColor = noColor
    options.isTest = isTest
    options.archiveFolder = archiveFolder
    if let text = try Wizard.run(options) { StandardStream.output(text) }
  }
}
