import Archive
import Common
import Glibc
import Postgres

/// What an import would do, found out from the archive and the server without changing either: the counts, the ids, what
/// would be lost or made anew.
struct ImportPreview {
  let installation: Installation
  let options: ImportOperation.Options
  let archive: OpenedArchive
  let model: DataModel
  let survey: ArchiveSurvey
  let connection: Connection

  func findings() throws -> [Finding] {
    [contents(), try identities(), resets(), losses(), missingFiles(), try pictures(), memory()].compactMap { $0 }
      + survey.findings.warnings.map { Finding(.warning, "content", $0) }
  }

  /// Named amounts of what would be created.
  var amounts: [(name: String, count: Int64)] {
    [
      ("users", "zerver_userprofile"), ("channels", "zerver_stream"), ("messages", "zerver_message"),
      ("user-message rows", "zerver_usermessage"), ("reactions", "zerver_reaction"),
      ("attachments", "zerver_attachment"), ("custom emoji", "zerver_realmemoji"),
    ].map { ($0.0, survey.counts[$0.1] ?? 0) }
  }

  private func contents() -> Finding {
    let list = amounts.map { "\(Amount.count($0.count)) \($0.name)" }.joined(separator: ", ")
    return Finding(.ok, "contents", "\(survey.organization.name): \(list)")
  }

  /// New ids come from the server's sequences; only on an empty server, and with luck, they are the old ones.
  private func identities() throws -> Finding {
    guard let sequence = model["zerver_userprofile"]?.sequence, let first = survey.users.first?.id else {
      return Finding(.ok, "ids", "no users")
    }
    let last =
      try connection.value("SELECT coalesce(pg_sequence_last_value(\(Identifier.literal(sequence))), 0)")
      .flatMap { Int64($0) } ?? 0
    let same = survey.users.enumerated().allSatisfy { $1.id == last + 1 + Int64($0) }
    return same
      ? Finding(.ok, "ids", "users keep their ids")
      : Finding(
        .ok, "ids",
        "users get new ids (\(first) becomes \(last + 1)): do not copy the push registration of the old server, nor "
          + "its avatar_salt; links and mentions in messages are changed with them")
  }

  private func resets() -> Finding {
    Finding(
      .ok, "made anew",
      "passwords (users choose new ones by mail), API keys and tokens of bots, channel mail addresses; sessions, phones' "
        + "registrations, two-factor devices, drafts and invitations do not travel")
  }

  private func losses() -> Finding? {
    guard !survey.unknownTables.isEmpty else { return nil }
    let names = survey.unknownTables.map { SafeText.clean($0, limit: 60) }.joined(separator: ", ")
    return Finding(
      .warning, "lost", "this server has no place for the rows of \(names)",
      remedy: "bring this server to the version of the archive")
  }

  private func missingFiles() -> Finding? {
    let missing = survey.uploadPaths.filter { !archive.contains("uploads/\($0)") }
    guard !missing.isEmpty else { return nil }
    let first = SafeText.clean(missing[0], limit: 120)
    return Finding(
      .warning, "files", "\(Amount.of(Int64(missing.count), "upload")) are not in the archive, the first is \(first)",
      remedy: "look for them on the old server; messages will show a broken link")
  }

  private func pictures() throws -> Finding? {
    let sentences = try PicturePreview(archive: archive, survey: survey).sentences()
    guard !sentences.isEmpty else { return nil }
    return Finding(
      .warning, "pictures", sentences.joined(separator: "; "),
      remedy: "nothing, if defaults will do; else look for them on the old server and export again")
  }

  /// The import itself needs little; the server that runs beside it may not leave enough to PostgreSQL.
  private func memory() -> Finding? {
    guard let available = Memory.available else { return nil }
    return available > Memory.scarce
      ? Finding(.ok, "memory", "\(Amount.bytes(available)) available")
      : Finding(
        .warning, "memory", "only \(Amount.bytes(available)) are available",
        remedy: "let the server be stopped for the time of the import, with --stop-server")
  }
}
