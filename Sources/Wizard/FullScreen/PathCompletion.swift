import Common
import Terminal

/// What becomes of a path after Tab: first it is looked for, on another thread, then there may be a list to choose from.
struct PathCompletion: Sendable {
  private enum Phase: Sendable {
    /// - movesOn: where there is nothing to complete, Tab means the next question.
    case looking(since: ContinuousClock.Instant, movesOn: Bool)
    /// nil: the keyboard is where the path is typed.
    case open(PathListing, marked: Int?)
  }

  let field: String
  let wish: PathWish
  let ticket: Int
  let cancellation = Cancellation()
  private var phase: Phase

  init(field: String, wish: PathWish, ticket: Int, movesOn: Bool, now: ContinuousClock.Instant) {
    self.field = field
    self.wish = wish
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

  /// Moves the mark; above the first name the keyboard is back in the path. False where there is no list to move in.
  mutating func move(by count: Int) -> Bool {
    guard case .open(let listing, let marked) = phase else { return false }
    if marked == nil && count < 0 { return false }
    let target = (marked ?? -1) + count
    phase = .open(listing, marked: target < 0 ? nil : min(target, listing.entries.count - 1))
    return true
  }

  // MARK: Patience

  /// A folder that answers at once needs no word about looking.
  private static let patience = Duration.milliseconds(300)

  func isSlow(now: ContinuousClock.Instant) -> Bool {
    if case .looking(let since, _) = phase { now - since >= Self.patience } else { false }
  }

  func nextTick(now: ContinuousClock.Instant) -> Duration? {
    guard case .looking(let since, _) = phase, !isSlow(now: now) else { return nil }
    return max(.milliseconds(1), Self.patience - (now - since))
  }
}

extension WizardModel {
  /// What the path that is being typed is wanted for; nil where none is.
  var pathWish: PathWish? {
    guard isTyping, let key = focus.field, case .path(let wish)? = session.field(key)?.kind else { return nil }
    return wish
  }

  /// Takes what is marked; else queries for what the path may go on with.
  mutating func complete() {
    guard let key = focus.field, let wish = pathWish else { return }
    guard let listing = completion?.listing else {
      if completion == nil { look(key, wish, movesOn: true) }
      return
    }
    guard let marked = completion?.marked else {
      completion = nil
      return moveField(by: 1)
    }
    let entry = listing.entries[marked]
    replaceText(of: key, with: listing.path(entry))
    completion = nil
    if entry.isFolder { look(key, wish, movesOn: false) }
  }

  /// What is typed on narrows the list.
  mutating func narrowCompletion() {
    // While it is being looked for, one look is enough: what has been typed meanwhile is seen to when it is there.
    guard let completion, let listing = completion.listing else { return }
    show(listing, typedOn: completion)
  }

  /// A list belongs to the field that it was opened in.
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

  /// What Tab asked for.
  private mutating func finish(_ completion: PathCompletion, _ listing: PathListing) {
    self.completion = nil
    if listing.entries.isEmpty || listing.isTyped(completion.wish) { return moveField(by: 1) }
    let common = listing.common
    if common != listing.beginning { replaceText(of: completion.field, with: common) }
    if listing.entries.count > 1 { show(listing, typedOn: completion) }
  }

  /// Shows what a listing has for the path as it is now; queries again where it has nothing to say about that.
  private mutating func show(_ listing: PathListing, typedOn completion: PathCompletion) {
    guard let narrowed = listing.narrowed(to: session.answers.text(completion.field) ?? "") else {
      return look(completion.field, completion.wish, movesOn: false)
    }
    self.completion = completion
    if narrowed.entries.isEmpty { self.completion = nil } else { self.completion?.show(narrowed) }
  }

  private mutating func look(_ key: String, _ wish: PathWish, movesOn: Bool) {
    completionTickets += 1
    let new = PathCompletion(field: key, wish: wish, ticket: completionTickets, movesOn: movesOn, now: now)
    completion = new
    let path = session.answers.text(key) ?? ""
    let cancellation = new.cancellation
    start(
      BackgroundTask(
        ticket: new.ticket, cancellation: cancellation, work: .list { PathListing.look(path, wish, cancellation) }))
  }

  // MARK: Drawing

  /// The names below the path, as many as there is room for.
  func addCompletion(to builder: inout RowBuilder) {
    guard let completion else { return }
    if completion.isSlow(now: now) { builder.paragraph("Looking\(glyphs.ellipsis)", .muted, indent: 2, isFocus: true) }
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
          spans: [Span("  \(isMarked ? glyphs.pointer : " ") \(text)", entry.isFolder ? .accent : .text)],
          fill: isMarked ? .focus : nil, isFocus: true, cursor: isMarked ? atStart : nil))
    }
    guard entries.count > room else { return }
    let count = "\(listing.isPartial ? "more than " : "")\(Amount.count(Int64(entries.count)))"
    builder.paragraph("\(count) names; type on, or choose with Down", .muted, indent: 4, isFocus: true)
  }
}
