/// Options, decisions and marks that a key changes.
extension WizardModel {
  mutating func toggle() {
    switch focus {
    case .option: _ = select(focus, toggling: true)
    case .item: decide(by: 1, around: true)
    case .button(.nextStep(let index)): session.mark(index, isDone: !session.checklist.items[index].isDone)
    default: break
    }
  }

  /// Makes an option the answer; returns false if it is disabled.
  mutating func select(_ focus: Focus, toggling: Bool) -> Bool {
    guard case .option(let key, let id) = focus, let field = session.field(key) else { return false }
    // Continuing keeps the chosen options.
    if !toggling, case .multipleChoice = field.kind { return true }
    if let reason = session.disabledReason(focus) {
      tell("Not possible: \(reason)")
      return false
    }
    switch field.kind {
    case .yesNo(let yes, _): session.answer(key, .flag(id == yes.id))
    case .multipleChoice:
      var ids = session.answers.list(key)
      if let index = ids.firstIndex(of: id) { ids.remove(at: index) } else { ids.append(id) }
      session.answer(key, .list(ids))
    default: session.answer(key, .text(id))
    }
    return true
  }

  mutating func decide(by step: Int, around: Bool = false) {
    guard case .item(let key, let id) = focus, case .decisions(let items, let all)? = session.field(key)?.kind,
      let among = items.first(where: { $0.id == id })?.possible(all), !among.isEmpty
    else { return }
    if let reason = session.disabledReason(focus) {
      tell(reason)
      return
    }
    var map = session.answers.map(key)
    let index = among.firstIndex { $0.id == map[id] } ?? 0
    let next = around ? (index + step) % among.count : min(max(0, index + step), among.count - 1)
    map[id] = among[next].id
    session.answer(key, .map(map))
  }
}
