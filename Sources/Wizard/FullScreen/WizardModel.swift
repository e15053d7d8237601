import Common
import Terminal

/// The full-screen wizard as a value: it receives keys and events, and ``picture`` is its screen. It accesses no
/// terminal and no server, so that tests can use it.
struct WizardModel: Sendable {
  enum Input: Sendable {
    case key(Key)
    case resized(Size)
    case events(TaskEvent)
    /// A timer event.
    case tick
    /// The terminal is gone.
    case hangup
  }

  enum Effect: Sendable {
    case start(BackgroundTask)
    case redraw
    case suspend
    /// An operation has ended while the operator may be elsewhere.
    case ring
    /// The wizard ends as soon as nothing is running.
    case end
  }

  private(set) var wizardSession: WizardSession
  private(set) var size: Size
  /// The glyphs of the terminal.
  private let usualGlyphs: Glyphs
  /// Whether the operator has requested monochrome ASCII.
  private(set) var isPlain = false
  var focus: Focus = .page
  private(set) var overlay: Overlay?
  /// A message about the last key, until the next one.
  private var notice: String?
  /// A message about the start, until the first key.
  private var opening: String?
  /// Characters typed where they have no effect.
  var stray = StrayTyping()
  private(set) var scroll = ScrollPosition()
  private(set) var now: ContinuousClock.Instant
  private(set) var effects: [Effect] = []
  private(set) var isEnding = false
  /// The completion of the path being typed.
  var completion: PathCompletion?
  var completionTickets = 0
  /// The prepared rows of the visible lists, for filtering, by the key of their field.
  var lists: [String: LongList] = [:]
  var filter: ListFilter?

  /// The position of the caret in each text field, by the field's key.
  var carets: [String: Int] = [:]
  private var blindTyping = BlindTyping()
  /// When another flow began to open.
  private var openingSince: ContinuousClock.Instant?
  /// The step of the focus.
  private var shownStep = ""

  init(
    _ flow: Flow, given: GivenAnswers = GivenAnswers(), size: Size, glyphs: Glyphs, now: ContinuousClock.Instant
  ) {
    self.init(WizardSession(flow, given: given), size: size, glyphs: glyphs, now: now)
  }

  /// - Parameter opening: a message until the first key.
  init(
    _ wizardSession: WizardSession, size: Size, glyphs: Glyphs, now: ContinuousClock.Instant, opening: String? = nil
  ) {
    self.wizardSession = wizardSession
    self.opening = opening
    self.size = size
    usualGlyphs = glyphs
    self.now = now
    settle()
  }

  var session: FlowSession {
    get { wizardSession.session }
    _modify { yield &wizardSession.session }
  }

  var glyphs: Glyphs { isPlain ? .ascii : usualGlyphs }

  mutating func takeEffects() -> [Effect] {
    defer { effects = [] }
    return effects
  }

  var isRunning: Bool { session.run?.isRunning ?? false }

  /// The window title during an operation; nil for the default title.
  var title: String? {
    guard isRunning, let run = session.run else { return nil }
    return "\(Program.name): \(session.step.heading(session.answers)) \(Int(run.fraction * 100)) %"
  }

  /// The time until the screen changes without an event; nil if it does not.
  var nextTick: Duration? {
    if isRunning { return .milliseconds(500) }
    if let openingSince, !isOpeningSlow { return max(.milliseconds(1), Patience.limit - (now - openingSince)) }
    return completion?.nextTick(now: now)
  }

  /// Whether another flow takes so long to open that it is said.
  var isOpeningSlow: Bool { openingSince.map { now - $0 >= Patience.limit } ?? false }

  /// Whether letters are text: a text field or a filter is focused.
  var isTyping: Bool {
    guard overlay == nil else { return false }
    if case .input = focus { return true }
    return filter?.isTyping ?? false
  }

  /// The line above the key bar: a message about the last key, or about what takes long.
  var message: String? { notice ?? opening ?? (isOpeningSlow ? "Opening\(glyphs.ellipsis)" : nil) }

  static let smallest = Size(columns: 60, rows: 16)

  var isTooSmall: Bool { size.columns < Self.smallest.columns || size.rows < Self.smallest.rows }

  // MARK: What happens

  mutating func handle(_ input: Input, at moment: ContinuousClock.Instant) {
    now = moment
    switch input {
    case .key(let key): press(key)
    case .resized(let size): self.size = size
    case .events(let events): return hear([events], at: moment)
    case .tick: break
    case .hangup: hangUp()
    }
    settle()
  }

  /// Handles several events and updates once.
  mutating func hear(_ all: [TaskEvent], at moment: ContinuousClock.Instant) {
    now = moment
    for events in all {
      switch events {
      case .listed(let ticket, let listing): hear(listing, ticket)
      case .saved(let outcome): notice = outcome ?? notice
      case .looked, .found, .planned, .progressed, .job, .ended, .opened: hear(events)
      }
    }
    settle()
  }

  private mutating func hear(_ events: TaskEvent) {
    let wasRunning = isRunning
    let before = session.obstacle
    wizardSession.hear(events, now: now)
    if case .opened = events { opened() }
    if wasRunning && !isRunning {
      // Keys that are meant for the obsolete question must not reach the screen below.
      if case .question? = overlay { overlay = .question(endedQuestion) }
      if session.run?.callsBack == true { effects.append(.ring) }
      if isEnding { effects.append(.end) }
    }
    // The message about waiting is obsolete.
    if before == .looking, session.obstacle != .looking { notice = nil }
    // Failures and blockers are shown below the fields and must be visible.
    if before == .looking, isRefused, !session.fields.isEmpty { scroll.moveToEnd() }
    // New elements can take the focus.
    if before == .looking, focus == .page || focus == .button(.retry) { focus = session.firstFocus }
  }

  /// Whether the last lookup failed or found blockers.
  private var isRefused: Bool {
    switch session.obstacle {
    case .failed?, .blocked?: true
    default: false
    }
  }

  private mutating func opened() {
    openingSince = nil
    if let trouble = wizardSession.takeTrouble() {
      notice = "It could not be opened. \(trouble.subject): \(trouble.reason)"
    }
    if wizardSession.isOver { end() }
  }

  private mutating func hangUp() {
    session.abandon()
    isEnding = true
    if !isRunning || session.runner?.outlivesWizard == true { effects.append(.end) }
  }

  /// Updates focus and scrolling, and takes over the session's tasks.
  private mutating func settle() {
    if shownStep != session.place {
      shownStep = session.place
      focus = session.firstFocus
      scroll.reset()
      notice = nil
      stray.reset()
    }
    settleLists()
    let all = focusable
    if !all.contains(focus), filter?.isEmpty != true {
      focus = filter.flatMap { filter in all.first { $0.field == filter.field } } ?? session.firstFocus
      settleLists()
    }
    leaveCompletion()
    effects += wizardSession.takeTasks().map { .start($0) }
    if wizardSession.isOpening, openingSince == nil { openingSince = now }
    followFocus()
  }

  // MARK: Keys

  private mutating func press(_ key: Key) {
    guard !isTooSmall else {
      // The question is invisible in a too small window.
      if key == .control("c"), !isRunning { end() }
      return
    }
    notice = nil
    opening = nil
    let binding = bindings.first { $0.keys.contains(key) }
    if binding?.action.isAlwaysSafe != true {
      if isWaiting {
        blindTyping.missed(at: now)
      } else if blindTyping.drops(at: now) {
        notice = "Keys typed before this screen appeared are ignored"
        return
      }
    }
    let isHidden = scroll.hidesFocus && overlay == nil
    scroll.follow()
    if isStray(key) { return }
    if isHidden, let action = binding?.action, [.proceed, .toggle, .earlierDecision, .laterDecision].contains(action) {
      notice = "The marked line was out of sight. Press the key again"
      return
    }
    if let binding {
      if let reason = binding.disabled {
        notice = reason
      } else {
        perform(binding.action)
      }
    } else if wizardSession.isOpening {
      return
    } else if case .input(let field) = focus, overlay == nil {
      type(key, into: field)
    } else if isTyping {
      typeFilter(key)
    }
  }

  /// Whether a row of a table is focused.
  private var hasRows: Bool {
    guard hasOptions, let key = focus.field, case .table = session.field(key)?.kind else { return false }
    return true
  }

  /// Whether there is nothing to choose yet: the next screen appears without a key.
  private var isWaiting: Bool {
    guard overlay == nil else { return false }
    if wizardSession.isOpening || isRunning { return true }
    guard case .looking? = session.lookupState?.phase else { return false }
    return focus == .page || focus == .button(.retry)
  }

  private mutating func perform(_ action: Action) {
    switch action {
    case .redraw: effects.append(.redraw)
    case .plain: isPlain.toggle()
    case .saveAnswers: start(SavedFile.answers(session))
    case .saveCommands: start(SavedFile.commands(session))
    case .suspend: effects.append(.suspend)
    case .help: overlay = .help(first: 0)
    case .log: overlay = .log(first: nil)
    case .leave: leave()
    case .stop: overlay = .question(stopQuestion)
    case .close: close()
    case .filter: openFilter()
    case .keepFilter: keepFilter()
    case .complete: complete()
    case .back: goBack()
    case .lookAgain: session.look()
    case .proceed: proceed()
    case .toggle: toggle()
    case .earlierDecision: decide(by: -1)
    case .laterDecision: decide(by: 1)
    case .up: move(by: -1)
    case .down: move(by: 1)
    case .nextField: moveField(by: 1)
    case .previousField: moveField(by: -1)
    case .pageUp: move(by: -pageStep, page: true)
    case .pageDown: move(by: pageStep, page: true)
    case .top: move(by: -100_000, page: true)
    case .bottom: move(by: 100_000, page: true)
    }
  }

  /// Asks whether to leave; the same key again is the answer.
  private mutating func leave() {
    if case .question(let question)? = overlay, let leaving = question.leaving { return choose(leaving) }
    overlay = .question(leaveQuestion)
  }

  private mutating func close() {
    guard overlay == nil else {
      overlay = nil
      return
    }
    completion = nil
    filter = nil
  }

  private mutating func goBack() {
    if !wizardSession.goBack() { notice = "This is the first step" }
  }

  private mutating func proceed() {
    if case .question(let question)? = overlay { return choose(question.choices[question.focused].outcome) }
    switch focus {
    case .button(let button): press(button)
    case .line(let key):
      let step = session.review.first { $0.key == key }?.step
      if let step { session.jump(to: step) }
    case .option:
      guard select(focus, toggling: false) else { return }
      next()
    case .input, .item, .page: next()
    }
  }

  /// Moves to the next question or step.
  private mutating func next() {
    if case .input(let key) = focus, let reason = session.field(key)?.problem(key, session.answers) {
      notice = reason
      return
    }
    if let field = nextField {
      session.startLookupIfNeeded()
      focus = session.home(of: field)
      return
    }
    switch wizardSession.advance() {
    case nil: if wizardSession.isOver { end() }
    case .field(let key, let reason)?:
      if let field = session.field(key) { focus = session.home(of: field) }
      notice = reason
    case .looking?: notice = "Still checking; this may take a moment"
    case .lookupStarted?, .notHere?: break
    case .failed?:
      // After a failed lookup, Enter repeats it.
      session.look()
    case .blocked?:
      if let field = session.fieldOfBlockers { focus = session.home(of: field) }
      notice = "Resolve the blockers first"
    }
  }

  private mutating func press(_ button: Focus.Button) {
    switch button {
    case .start:
      if case .blocked? = session.start(now: now) { notice = "Resolve the blockers first: go back to the checks" }
    case .retry:
      if case .run = session.step.kind { session.begin(now: now) } else { session.look() }
    case .back: goBack()
    case .change(let step): session.correct(step)
    case .nextStep(let index): wizardSession.doStep(index)
    case .continuation(let index):
      wizardSession.follow(session.continuations[index].destination)
      if wizardSession.isOver { end() }
    case .leave:
      if session.run?.outcome?.isSuccess == true { end() } else { overlay = .question(leaveQuestion) }
    }
  }

  private mutating func choose(_ outcome: Overlay.Question.Outcome) {
    overlay = nil
    switch outcome {
    case .stay: break
    case .leave: end()
    case .stop: session.stop()
    case .stopAndLeave:
      session.stop()
      isEnding = true
    }
  }

  private mutating func end() {
    session.abandon()
    isEnding = true
    effects.append(.end)
  }

  /// For the help, which lists the keys of the element below.
  mutating func closeOverlay() { overlay = nil }

  mutating func tell(_ text: String) { notice = text }

  /// For the filter, which moves to the best row.
  mutating func move(to target: Focus) { focus = target }

  mutating func start(_ task: BackgroundTask) { effects.append(.start(task)) }

  // MARK: Moving

  private mutating func move(by count: Int, page: Bool = false) {
    switch overlay {
    case .help(let first)?: overlay = .help(first: clampReading(first + count, helpRows.count))
    case .log(let first)?:
      let last = lastReading(logRows.count)
      let target = (first ?? last) + count
      overlay = .log(first: target >= last ? nil : max(0, target))
    case .question(var question)?:
      question.focused = min(max(0, question.focused + count), question.choices.count - 1)
      overlay = .question(question)
    case nil:
      if !page, completion?.move(by: count) == true { return }
      let all = focusable
      if filter?.isEmpty == true { return }
      let target = (all.firstIndex(of: focus) ?? 0) + count
      // A short choice below a long text must not change while the text is read.
      let isList = hasItems || hasRows
      if all == [.page] || page && !isList || !page && !all.indices.contains(target) {
        // There can be more text beyond the last focusable element.
        scroll.move(by: count)
        return
      }
      let wasTyping = isTyping
      focus = all[min(max(0, target), all.count - 1)]
      if wasTyping { session.startLookupIfNeeded() }
    }
  }

  // MARK: Scrolling

  private var pageStep: Int {
    switch overlay {
    case nil: max(1, layout.body.rows - 2)
    default: max(1, readingRows - 1)
    }
  }

  private func lastReading(_ count: Int) -> Int { max(0, count - readingRows) }

  private func clampReading(_ first: Int, _ count: Int) -> Int { min(max(0, first), lastReading(count)) }

  /// Scrolls until the focused element is visible.
  private mutating func followFocus() {
    guard !isTooSmall else { return }
    let page = page(0..<0)
    scroll.settle(page.rows, height: layout.body.rows - page.pinned.count)
  }
}
