import ArgumentParser
import Common
import Engine

/// Reports the leftovers of interrupted commands on the command's server. Jobs delete what they can at their start: the
/// report contains the rest.
enum LeftoverReport {
  /// On standard error, separate from the command's result.
  static func write(after command: any ParsableCommand) {
    guard let command = command as? any OnServer else { return }
    for leftover in Leftovers.report(root: command.server.reference.root, brand: command.server.brand) {
      let finding = leftover.finding(root: command.server.reference.root)
      StandardStream.error("Leftover: \(finding.reason)\n  What to do: \(finding.remedy ?? "")\n")
    }
  }
}
