import Common
import Glibc
import Operations

/// A copy of a container's volume `/data`, a possible source of a restore.
///
/// It contains uploads, secrets and the dumps that the image makes; the other settings only if the container was
/// configured to store them there.
public struct DataFolder: Sendable, Equatable {
  public let path: String
  public let brand: Brand
  /// The whole configuration folder, if the container stored it in the volume.
  public let settings: String?
  /// The file of secrets alone, if it did not.
  public let secrets: String?
  /// Nil if the folder is missing or empty.
  public let uploads: String?
  /// The dumps of the image, the newest first.
  public let dumps: [String]

  /// Recognizes a volume by its secrets or settings beside its uploads or dumps.
  ///
  /// - Returns: nil if the folder is something else, such as an unpacked backup.
  public static func recognize(_ path: String) -> DataFolder? {
    guard FileSystem.isFolder(path) else { return nil }
    for brand in Brand.allCases {
      let name = brand.rawValue
      guard !FileSystem.exists("\(path)/\(name)-version") else { return nil }
      let folders = ["etc-\(name)", "settings/etc-\(name)"].map { "\(path)/\($0)" }
      let settings = folders.first { FileSystem.isFolder($0) }
      let file = "\(path)/\(name)-secrets.conf"
      let secrets = isPlainFile(file) ? file : nil
      guard settings != nil || secrets != nil else { continue }
      let uploads = "\(path)/uploads"
      let dumps = "\(path)/backups"
      guard FileSystem.isFolder(uploads) || FileSystem.isFolder(dumps) else { continue }
      let hasUploads = ((try? FileSystem.names(in: uploads)) ?? []).isEmpty == false
      return DataFolder(
        path: path, brand: brand, settings: settings, secrets: secrets, uploads: hasUploads ? uploads : nil,
        dumps: Self.dumps(in: dumps))
    }
    return nil
  }

  /// Returns the dumps: `backup-2026-11-23T03_30_00+00_00.sql`, or `.tar.gz` from images before version 12; the time is
  /// in UTC, so that names sort by it.
  private static func dumps(in folder: String) -> [String] {
    let names = (try? FileSystem.names(in: folder)) ?? []
    return names.filter { name in
      name.hasPrefix("backup-") && (name.hasSuffix(".sql") || name.hasSuffix(".tar.gz"))
        && isPlainFile("\(folder)/\(name)")
    }.sorted().reversed().map { "\(folder)/\($0)" }
  }

  private static func isPlainFile(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
