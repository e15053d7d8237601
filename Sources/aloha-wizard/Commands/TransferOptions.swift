import ArgumentParser
import Remote

/// Options for data that goes to another machine, or comes from one.
struct TransferOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "To or from another machine: send at most so many bytes a second, for example 500k or 2M.", valueName: "rate"))
  var limitRate: String?

  func validate() throws {
    guard limitRate == nil || rate != nil else {
      throw ValidationError("--limit-rate is a number of bytes a second, with k, M or G: 500k, 2M.")
    }
  }

  var rate: RateLimit? { limitRate.flatMap { RateLimit($0) } }
}
