import Common
import Operations
import Server

/// The data that a backup of a server does not contain, and how to save each separately. The server's manual lists the
/// same.
struct NotInBackup: Sendable, Equatable {
  /// For example "logs".
  let name: String
  /// Why it is not in a backup.
  let reason: String
  /// How to save it: a command, or an alternative; nil if there is nothing to save.
  let remedy: String?

  /// Returns the list for one server; commands are for a root shell on it.
  static func list(_ installation: Installation) -> [NotInBackup] {
    let name = installation.brand.rawValue
    let root = RootFolder(installation.root).path
    let bucket = installation.settings.text("S3_AUTH_UPLOADS_BUCKET") ?? "BUCKET"
    let avatars = installation.settings.text("S3_AVATAR_BUCKET") ?? "BUCKET"
    let s3 = NotInBackup(
      name: "files in S3", reason: "they are in their buckets, which have their own tools",
      remedy: "turn versioning on, or copy them: "
        + Set([bucket, avatars]).sorted().map {
          ShellWord.quoted(words: ["aws", "s3", "sync", "s3://\(SafeText.clean($0, limit: .name))", "FOLDER/"])
        }.joined(separator: "; "))
    return [
      NotInBackup(
        name: "logs", reason: "the server only adds to /var/log/\(name), which can be larger than all the rest",
        remedy: packing("\(name)-logs.tar.gz", root, ["var/log/\(name)"])),
      NotInBackup(
        name: "certificates",
        reason: "Certbot issues its certificates in /etc/letsencrypt again; others are available from their issuer",
        remedy: packing(
          "\(name)-certificates.tar.gz", root,
          ["etc/ssl/certs/\(name).combined-chain.crt", "etc/ssl/private/\(name).key", "etc/letsencrypt"])),
    ] + (installation.storesUploadsInS3 ? [s3] : []) + [
      NotInBackup(
        name: "tasks in RabbitMQ", reason: "its queues are empty on a healthy server, and cannot be saved",
        remedy: "wait until they are done: rabbitmqctl list_queues name messages"),
      NotInBackup(
        name: "what is kept in memory",
        reason: "who is online, who is typing, counters of requests: all of it is made again",
        remedy: nil),
    ]
  }

  /// Returns how to restore saved logs, which no backup contains.
  ///
  /// - Parameter root: the root of the server; "/" in production.
  static func bringingLogsBack(_ brand: Brand, root: String) -> String {
    "Backups contain no logs. If you have saved the old server's logs, this restores them: tar -xzf "
      + "\(brand.rawValue)-logs.tar.gz -C \(ShellWord.quoted(root))"
  }

  /// Returns the command that packs files of a server; nil if none of them exists.
  ///
  /// - Parameter paths: relative to the root; those that do not exist are left out.
  private static func packing(_ file: String, _ root: String, _ paths: [String]) -> String? {
    let present = paths.filter { FileSystem.lexists("\(root)/\($0)") }
    guard !present.isEmpty else { return nil }
    return "umask 077; " + ShellWord.quoted(words: ["tar", "-czf", file, "-C", root] + present)
  }

  var finding: Finding { Finding(.ok, "not in it: \(name)", reason, remedy: remedy) }

  /// The next step after a backup; nil if there is nothing to do.
  var step: String? { remedy.map { "Not in the backup: \(name). How to save it: \($0)" } }
}
