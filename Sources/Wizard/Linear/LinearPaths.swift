import Common

extension LinearRunner {
  /// The result of a list of names.
  enum PathOffer: Equatable {
    /// A path was chosen.
    case chosen(String)
    /// Nothing was chosen; the path is asked for again.
    case none
    case back
  }

  /// Returns the beginning of a path to complete, requested by `?`, or by a slash if a file is required.
  static func beginning(_ line: String, _ purpose: PathPurpose) -> String? {
    if line.hasSuffix("?") { return String(line.dropLast()) }
    return purpose.wantsFile && line.hasSuffix("/") ? line : nil
  }

  /// Lists the possible continuations of a path for a choice by number.
  mutating func offer(_ beginning: String, _ purpose: PathPurpose) throws -> PathOffer {
    var beginning = beginning
    while true {
      guard let listing = try names(beginning, purpose) else { return .none }
      if let trouble = listing.trouble {
        voice.say("This folder cannot be read: \(trouble).")
        return .none
      }
      guard !listing.entries.isEmpty else {
        voice.say("No name there begins like that.")
        return .none
      }
      let shown = listing.entries.prefix(Self.mostNames)
      for (index, entry) in shown.enumerated() { voice.say("\(index + 1). \(entry.shown)", indent: 2, hanging: 3) }
      if listing.entries.count > shown.count {
        let more = Int64(listing.entries.count - shown.count)
        voice.say("And \(listing.isPartial ? "more than " : "")\(Amount.count(more)) more; type more of the name.")
      }
      switch try choice(among: shown.count) {
      case nil: return .none
      case .back?: return .back
      case .number(let number)?:
        let entry = listing.entries[number]
        let path = listing.path(entry)
        // A folder is an answer or leads to one.
        guard entry.isFolder, purpose.wantsFile else { return .chosen(path) }
        beginning = path
      }
    }
  }

  private static let mostNames = 40
  /// The longest time to wait for a folder.
  private static let patience = Duration.seconds(10)

  private enum Choice {
    case number(Int)
    case back
  }

  private mutating func choice(among count: Int) throws -> Choice? {
    while true {
      switch try ask("Choose 1 to \(count), or Enter to type the path:") {
      case .back: return .back
      case .text(""): return nil
      case .text(let line):
        if let number = Int(line), (1...count).contains(number) { return .number(number - 1) }
        voice.say("Enter a number from 1 to \(count), or press Enter.")
      }
    }
  }

  /// Returns nil after a timeout, which is reported.
  private mutating func names(_ beginning: String, _ purpose: PathPurpose) throws -> PathListing? {
    let cancellation = Cancellation()
    executor.start(
      BackgroundTask(
        ticket: 0, cancellation: cancellation, work: .list { PathListing.look(beginning, purpose, cancellation) }))
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let left = deadline - .now
      switch executor.wait(timeout: max(.milliseconds(1), left)) {
      case .events(let events):
        var found: PathListing?
        for item in events {
          if case .listed(_, let listing) = item, listing.beginning == beginning { found = listing }
          session.hear(item, now: .now)
        }
        carryOut()
        if let found { return found }
      case .interrupted:
        cancellation.cancel()
        voice.say("No longer looking.")
        return nil
      case .gone: throw Exit.endOfInput
      case .nothing: break
      }
      if left <= .zero {
        cancellation.cancel()
        voice.say("The folder does not respond. Type the whole path.")
        return nil
      }
    }
  }
}
