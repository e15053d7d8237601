import Common
import Operations

/// The command line of a move, as `move` parses it.
struct MoveCommandLine {
  let command: ProgramCommand

  init(_ decisions: MoveDecisions, brand: Brand?) {
    var words = ["move", "-r", decisions.organization]
    if let target = decisions.target { words += ["--to", target] }
    if decisions.subdomain != decisions.organization { words += ["--subdomain", decisions.subdomain] }
    if decisions.target.map({ !RemoteAddress.isMeant($0) }) ?? true { words += ["--archive", decisions.archive] }
    if decisions.deactivates { words.append("--deactivate") }
    if decisions.allowsReserved { words.append("--allow-reserved-subdomain") }
    if decisions.stopsTarget { words.append("--stop-server") }
    for name in decisions.copiedSecrets { words += ["--copy-secret", name] }
    if let rate = decisions.bytesPerSecond { words += ["--limit-rate", String(rate)] }
    if decisions.copiesProgram == true { words.append("--copy-program") }
    command = ProgramCommand(words, on: ServerReference(root: decisions.source, brand: brand))
  }
}
