import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// The effects of an import, computed without changing the archive or the server: the counts, the ids, and what would
/// be lost or generated.
struct ImportPreview {
  let installation: Installation
  let options: ImportOperation.Options
  let archive: OpenedArchive
  let model: DataModel
  let survey: ArchiveIndex
  let connection: Connection

  func findings() throws -> [Finding] {
    let facts = try expectedFacts()
    let forecast = try ImportForecast(survey, facts, model: model, brand: installation.brand, connection)
    return [contents(), identities(facts), resets(), try pictures(), memory()].compactMap { $0 }
      + forecast.notes.map { Finding(.ok, "left behind", $0) }
      + forecast.warnings.map { Finding(.warning, "import", $0) }
      + survey.findings.warnings.map { Finding(.warning, "content", $0) }
  }

  /// The counts of the main kinds of rows that would be created, with their names.
  var amounts: [(name: String, count: Int64)] {
    [
      ("users", TableName.userProfile), ("channels", TableName.stream), ("messages", TableName.message),
      ("user-message rows", TableName.userMessage), ("reactions", TableName.reaction),
      ("attachments", TableName.attachment), ("custom emoji", TableName.realmEmoji),
    ].map { ($0.0, survey.counts[$0.1] ?? 0) }
  }

  private func contents() -> Finding {
    let list = amounts.map { name, count in
      count == 1 && name.hasSuffix("s") ? "1 \(name.dropLast())" : "\(Amount.count(count)) \(name)"
    }.joined(separator: ", ")
    return Finding(.ok, "contents", "\(survey.organization.name): \(list)")
  }

  /// Returns the facts with predicted ids; no id is taken from the server.
  private func expectedFacts() throws -> ImportContext {
    var facts = ImportContext(subdomain: options.subdomain)
    let ids = NewIDs(areForeseen: true, model: model, connection: connection)
    try IDAssignment(
      installation: installation, model: model, survey: survey, connection: connection, ids: ids
    ).assign(&facts)
    return facts
  }

  /// New ids come from the server's sequences; they can equal the old ids only on an empty server.
  private func identities(_ facts: ImportContext) -> Finding {
    let new = facts.maps[TableName.userProfile] ?? IDMap()
    guard let changed = survey.users.first(where: { new[$0.id] != $0.id })?.id else {
      return Finding(.ok, "ids", survey.users.isEmpty ? "no users" : "users keep their ids")
    }
    return Finding(
      .ok, "ids",
      "users get new ids (\(changed) becomes \(new[changed] ?? 0)): do not copy the push registration of the old server, "
        + "nor its avatar_salt; links and mentions in messages are changed with them")
  }

  private func resets() -> Finding {
    Finding(
      .ok, "created again",
      "passwords (users choose new ones by mail), API keys and tokens of bots, channel mail addresses; sessions, phones' "
        + "registrations, two-factor devices, drafts and invitations are not transferred")
  }

  private func pictures() throws -> Finding? {
    let sentences = try PicturePreview(archive: archive, survey: survey).sentences()
    guard !sentences.isEmpty else { return nil }
    return Finding(
      .warning, "pictures", sentences.joined(separator: "; "),
      remedy: "nothing, if defaults will do; else look for them on the old server and export again")
  }

  /// The import itself needs little memory, but the server running beside it may not leave enough for PostgreSQL.
  private func memory() -> Finding? {
    guard let available = Memory.available else { return nil }
    return available > Memory.scarce
      ? Finding(.ok, "memory", "\(Amount.bytes(available)) available")
      : Finding(
        .warning, "memory", "only \(Amount.bytes(available)) are available",
        remedy: "stop the server during the import, with --stop-server")
  }
}
