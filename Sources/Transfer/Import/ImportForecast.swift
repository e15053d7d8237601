import Archive
import Common
import Operations
import Postgres
import Server

/// The changes, omissions and generated values of an import that depend on the server it is imported into, computed
/// from the archive and the new ids before the first row is written.
///
/// The dry run and the import report the same sentences.
struct ImportForecast {
  /// Sentences that the operator should read.
  private(set) var warnings: [String] = []
  /// Sentences for the log only.
  private(set) var notes: [String] = []

  private let survey: ArchiveIndex
  private let facts: ImportContext
  private let model: DataModel
  private let brand: Brand

  /// Keys of the format that are not columns.
  private static let formatKeys: Set<String> = [
    "groups", "user_permissions", "messages", "scheduled_messages", "id", "short_name",
  ]

  /// - Throws: `.unsuitableArchive` if the archive lacks groups and this server has no pattern to create them from.
  init(
    _ survey: ArchiveIndex, _ facts: ImportContext, model: DataModel, brand: Brand, _ connection: Connection
  ) throws {
    self.survey = survey
    self.facts = facts
    self.model = model
    self.brand = brand
    warnings += facts.conversations.notes
    addBots()
    addTables()
    addColumns()
    addPlan(try hasSpectators())
    warnings += try OrganizationDefaults.forecast(survey, facts, model: model, brand: brand, connection)
    warnings += try Appointments(model: model).sentences(survey)
    warnings += try ServerRights(model: model).sentences(survey)
  }

  private mutating func addBots() {
    for bot in facts.substitutedBots {
      warnings.append(
        "System bot \(SafeText.clean(bot, limit: .word)): this server has no such bot; its messages are shown as those of "
          + SystemBots.substitute)
    }
  }

  private mutating func addTables() {
    for table in survey.unknownTables {
      warnings.append("\(SafeText.clean(table, limit: .word)): this server has no such table; its rows are left out")
    }
    for table in model.tables {
      guard let reason = table.notImported, let count = survey.counts[table.name], count > 0 else { continue }
      notes.append("\(table.name): \(Amount.of(count, "row")) left out: \(reason)")
    }
  }

  /// Reports the columns that only one side has.
  private mutating func addColumns() {
    for table in model.tables where table.notImported == nil && !facts.leftOutTables.contains(table.name) {
      let present = survey.keys(of: table.name)
      if present.isEmpty || table.rows == .everything { continue }
      let filled = TableLoader(table, present: present, facts: facts, model: model, brand: brand).filled
      if !filled.isEmpty {
        warnings.append("\(table.name): the archive has no \(filled.joined(separator: ", ")); set to nothing")
      }
      let known = Set(table.columns.flatMap { [$0.key, $0.name] })
      let lost = present.subtracting(known).subtracting(Self.formatKeys).sorted()
      if !lost.isEmpty {
        let names = lost.map { SafeText.clean($0, limit: .word) }.joined(separator: ", ")
        warnings.append("\(table.name): this server has no place for \(names)")
      }
    }
  }

  /// Reports what the server allows only with a paid plan.
  private mutating func addPlan(_ hasSpectators: Bool) {
    guard let allowed = facts.allowedAuthentication else { return }
    let dropped = survey.authenticationMethods.map(\.name).filter { !allowed.contains($0) }
    if !dropped.isEmpty {
      let names = dropped.map { SafeText.clean($0, limit: .word) }.joined(separator: ", ")
      warnings.append("Ways to sign in that this server allows only with a paid plan are dropped: \(names)")
    }
    let plan = PlanRules(of: model)
    if plan.withoutSpectators, hasSpectators {
      warnings.append("Reading without an account is switched off: this server allows it only with a paid plan")
    }
    if let visible = plan.visibleMessages, let count = survey.counts[TableName.message], count > visible {
      warnings.append(
        "Only the newest \(Amount.count(Int64(visible))) of \(Amount.count(count)) messages can be seen without a paid "
          + "plan; the others are imported too")
    }
  }

  private func hasSpectators() throws -> Bool {
    var found = false
    try survey.realm.rows(of: TableName.realm, keys: ["enable_spectator_access"]) { found = $0[0].isTrue }
    return found
  }
}
