import ArgumentParser
import Common
import Engine
import Operations

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show the kind and the content of an archive, without unpacking it.",
    discussion: Examples.after("", "inspect lagoon.tar.gz --all", "inspect --json /var/backups/aloha/backup.tar.gz"))

  @OptionGroup var output: JSONOption

  @Flag(help: "Rows of every table, not only of the best-known ones.")
  var all = false

  @OptionGroup var key: IdentityOption

  @Argument(help: "The archive: a .tar.gz, a .tar, an encrypted .age, or a folder.")
  var archive: String

  func validate() throws { try OptionRule.paths([("The archive", archive)]) }

  private enum Phase: String, OperationPhase {
    case read

    var title: String { "Read the archive" }
  }

  func run() throws {
    let view = output.json ? nil : ProgressLines()
    let progress = Progress(cancellation: Interruption.cancellation) { event in view?.show(event) }
    let summary: ArchiveSummary
    do {
      summary = try progress.phase(Phase.read, unit: .bytes) { meter in
        var seen: Int64 = 0
        return try ArchiveSummary.of(
          FileSystem.absolute(archive), identity: key.path, cancellation: progress.cancellation
        ) { done, total in
          meter.setTotal(total)
          try meter.advance(by: done - seen)
          seen = done
        }
      }
    } catch {
      view?.end()
      throw error
    }
    if output.json {
      StandardStream.json(JSONText.of("archive", summary))
    } else {
      StandardStream.output(text(summary))
    }
    if summary.exitCode != 0 { throw ExitCode(summary.exitCode) }
  }

  private func text(_ summary: ArchiveSummary) -> String {
    var lines = summary.facts.map { ($0.name, $0.value) }
    let parts = summary.parts.sorted { $0.value.bytes > $1.value.bytes }.filter { !$0.key.hasPrefix("messages-") }
    for (name, part) in parts where all || part.bytes >= 1 << 20 || part.files > 1 {
      lines.append((name, "\(Amount.of(Int64(part.files), "file")), \(Amount.bytes(part.bytes))"))
    }
    if all {
      for (table, rows) in summary.tables.sorted(by: { $0.key < $1.key }) { lines.append((table, Amount.count(rows))) }
    }
    let width = lines.map(\.0.count).max() ?? 0
    var text = "\(summary.path): \(summary.description).\n"
    for (name, value) in lines {
      text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(SafeText.clean(value))\n"
    }
    if let refusal = summary.refusal { text += "It cannot be used: \(SafeText.clean(refusal))\n" }
    for note in summary.notes { text += "  \(note.name): \(SafeText.clean(note.value))\n" }
    for skipped in summary.skippedFiles.prefix(20) { text += "  Not in it: \(SafeText.clean(skipped))\n" }
    return text + "What to do with it: \(SafeText.clean(summary.advice))\n"
  }
}
