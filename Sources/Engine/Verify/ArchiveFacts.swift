import Common
import Operations
import Server

extension ArchiveSummary {
  /// The facts of an archive for an operator, by importance.
  public var facts: [Summary.Fact] {
    var facts: [Summary.Fact] = []
    func add(_ name: String, _ value: String?) {
      if let value, !value.isEmpty { facts.append(Summary.Fact(name, value)) }
    }
    func rows(_ table: String) -> String? { tables[table].map { Amount.count($0) } }
    add("Organization", organization.map { "\($0.name) ('\($0.subdomain)')" })
    if organization?.isDeactivated == true { add("State", "deactivated") }
    add("Server", source.host)
    add("Version", source.serverVersion.map { [source.brand, $0].compactMap { $0 }.joined(separator: " ") })
    add("Feature level", source.featureLevel.map(String.init))
    add("Newest migration", source.migrations["zerver"])
    add("PostgreSQL", source.postgresVersion.map(Self.release))
    add("Made by", program)
    add("Made", (created ?? modified).map(Self.minute))
    add("Holds", options["reach"])
    add("Completeness", completeness)
    add("Size", Amount.bytes(bytes))
    if kind != "encrypted" { add("Unpacked", "\(Amount.bytes(memberBytes)) in \(Amount.of(Int64(members), "file"))") }
    if kind == "encrypted" {
      add("Encryption", "by age; no private key was given")
    } else {
      if isEncrypted { add("Encryption", "by age; the private key opens it") }
      add("Digests", hasDigests ? "of every file" : "none")
    }
    add("Seal", seal)
    add("Messages", rows(TableName.message))
    if let firstMessage, let lastMessage { add("Sent", "\(firstMessage) to \(lastMessage)") }
    add("Users", tables[TableName.userProfile].map { Summary.Fact.allUsers($0) })
    add("Channels", rows(TableName.stream))
    add("Attachments", rows(TableName.attachment))
    return facts
  }
}

extension ArchiveSummary {
  /// Returns "15.20" for PostgreSQL's number 150020.
  private static func release(_ version: String) -> String {
    guard let number = Int(version), number >= 100_000 else { return version }
    return "\(number / 10_000).\(number % 10_000)"
  }

  /// Returns a time in the format of all other texts.
  private static func minute(_ moment: String) -> String {
    Timestamp.microseconds(iso: moment).map { Age.words($0) } ?? moment
  }
}
