/// The way from question to question within a step.
extension WizardModel {
  /// The question after the focused one.
  var nextField: Field? {
    guard let key = focus.field else { return nil }
    let fields = session.fields
    guard let index = fields.firstIndex(where: { session.step.key($0) == key }), index + 1 < fields.count else {
      return nil
    }
    return fields[index + 1]
  }

  mutating func moveField(by count: Int) {
    let all = session.focusable
    session.startLookupIfNeeded()
    guard let key = focus.field else {
      guard let index = all.firstIndex(of: focus) else { return }
      focus = all[(index + count + all.count) % all.count]
      return
    }
    let fields = session.fields
    guard let index = fields.firstIndex(where: { session.step.key($0) == key }) else { return }
    focus = session.home(of: fields[(index + count + fields.count) % fields.count])
  }
}
