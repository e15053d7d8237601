import Common
import Terminal

/// The completion of a path after Tab: a search on another thread, then possibly a list.
struct PathCompletion: Sendable {
  private enum Phase: Sendable {
    /// - movesOn: Tab without a completion moves to the next question.
    case looking(since: ContinuousClock.Instant, movesOn: Bool)
    /// Nil: the path is focused.
    case open(PathListing, marked: Int?)
  }

  let field: String
  let purpose: PathPurpose
  let ticket: Int
  let cancellation = Cancellation()
  private var phase: Phase

  init(field: String, purpose: PathPurpose, ticket: Int, movesOn: Bool, now: ContinuousClock.Instant) {
    self.field = field
    self.purpose = purpose
    self.ticket = ticket
    phase = .looking(since: now, movesOn: movesOn)
  }

  var listing: PathListing? {
    if case .open(let listing, _) = phase { listing } else { nil }
  }

  var marked: Int? {
    if case .open(_, let marked) = phase { marked } else { nil }
  }

  var isOpen: Bool { listing != nil }

  var movesOn: Bool {
    if case .looking(_, let movesOn) = phase { movesOn } else { false }
  }

  mutating func show(_ listing: PathListing) { phase = .open(listing, marked: nil) }

  /// Moves the selection; above the first name the path is focused. Returns false without a list.
  mutating func move(by count: Int) -> Bool {
    guard case .open(let listing, let marked) = phase else { return false }
    if marked == nil && count < 0 { return false }
    let target = (marked ?? -1) + count
    phase = .open(listing, marked: target < 0 ? nil : min(target, listing.entries.count - 1))
    return true
  }

  // MARK: Patience

  func isSlow(now: ContinuousClock.Instant) -> Bool {
    if case .looking(let since, _) = phase { now - since >= Patience.limit } else { false }
  }

  func nextTick(now: ContinuousClock.Instant) -> Duration? {
    guard case .looking(let since, _) = phase, !isSlow(now: now) else { return nil }
    return max(.milliseconds(1), Patience.limit - (now - since))
  }
}

/// The time after which the screen says that something is still going on.
enum Patience {
  static let limit = Duration.milliseconds(300)
}

extension WizardModel {
  /// The purpose of the focused path; nil for other fields.
  var pathPurpose: PathPurpose? {
    guard isTyping, let key = focus.field, case .path(let purpose)? = session.field(key)?.kind else { return nil }
    return purpose
  }

  /// Accepts the selected name; otherwise searches for completions.
  mutating func complete() {
    guard let key = focus.field, let purpose = pathPurpose else { return }
    guard let listing = completion?.listing else {
      if completion == nil { look(key, purpose, movesOn: true) }
      return
    }
    guard let marked = completion?.marked else {
      completion = nil
      return moveField(by: 1)
    }
    let entry = listing.entries[marked]
    replaceText(of: key, with: listing.path(entry))
    completion = nil
    if entry.isFolder { look(key, purpose, movesOn: false) }
  }

  /// Narrows the list after more input.
  mutating func narrowCompletion() {
    // Only one search runs at a time; later input is handled after it.
    guard let completion, let listing = completion.listing else { return }
    show(listing, typedOn: completion)
  }

  /// Closes the list when another field is focused.
  mutating func leaveCompletion() {
    guard let completion, focus != .input(field: completion.field) else { return }
    completion.cancellation.cancel()
    self.completion = nil
  }

  mutating func hear(_ listing: PathListing, _ ticket: Int) {
    guard let completion, completion.ticket == ticket else { return }
    let isTypedOn = (session.answers.text(completion.field) ?? "") != listing.beginning
    if let trouble = listing.trouble {
      self.completion = nil
      tell("This folder cannot be read: \(trouble)")
    } else if isTypedOn || !completion.movesOn {
      show(listing, typedOn: completion)
    } else {
      finish(completion, listing)
    }
  }

  /// Handles the result of a search requested by Tab.
  private mutating func finish(_ completion: PathCompletion, _ listing: PathListing) {
    self.completion = nil
    if listing.entries.isEmpty || listing.isTyped(completion.purpose) { return moveField(by: 1) }
    let common = listing.common
    if common != listing.beginning { replaceText(of: completion.field, with: common) }
    if listing.entries.count > 1 { show(listing, typedOn: completion) }
  }

  /// Shows a list for the current path, or searches again.
  private mutating func show(_ listing: PathListing, typedOn completion: PathCompletion) {
    guard let narrowed = listing.narrowed(to: session.answers.text(completion.field) ?? "") else {
      return look(completion.field, completion.purpose, movesOn: false)
    }
    self.completion = completion
    if narrowed.entries.isEmpty { self.completion = nil } else { self.completion?.show(narrowed) }
  }

  private mutating func look(_ key: String, _ purpose: PathPurpose, movesOn: Bool) {
    completionTickets += 1
    let new = PathCompletion(field: key, purpose: purpose, ticket: completionTickets, movesOn: movesOn, now: now)
    completion = new
    let path = session.answers.text(key) ?? ""
    let cancellation = new.cancellation
    start(
      BackgroundTask(
        ticket: new.ticket, cancellation: cancellation, work: .list { PathListing.look(path, purpose, cancellation) }))
  }

  // MARK: Drawing

  /// Adds the names below the path, as far as there is space.
  func addCompletion(to builder: inout RowBuilder) {
    guard let completion else { return }
    if completion.isSlow(now: now) { builder.paragraph("Looking\(glyphs.ellipsis)", .text, indent: 2, isFocus: true) }
    guard let listing = completion.listing else { return }
    let entries = listing.entries
    let room = size.rows >= 20 ? 6 : 3
    let marked = completion.marked
    let first = min(max(0, (marked ?? 0) - room / 2), max(0, entries.count - room))
    for (offset, entry) in entries.dropFirst(first).prefix(room).enumerated() {
      let isMarked = first + offset == marked
      let text = TextWidth.truncated(entry.shown, to: builder.width - 4, ellipsis: glyphs.ellipsis)
      builder.add(
        Row(
          spans: [Span("  \(isMarked ? glyphs.pointer : " ") \(text)", entry.isFolder ? .key : .text)],
          fill: isMarked ? .focus : nil, isFocus: true, cursor: isMarked ? atStart : nil))
    }
    guard entries.count > room else { return }
    let count = "\(listing.isPartial ? "more than " : "")\(Amount.count(Int64(entries.count)))"
    builder.paragraph("\(count) names; type on, or choose with Down", .text, indent: 4, isFocus: true)
  }
}
