import Common
import Glibc

/// A copy of a container's volume `/data`: a source of a restore like any other.
///
/// It holds uploads, secrets and dumps of the database that the image makes; the other settings only where the container
/// was made to keep them there.
public struct DataFolder: Sendable, Equatable {
  public let path: String
  public let brand: Brand
  /// The whole configuration folder, where the container kept it in the volume.
  public let settings: String?
  /// The file of secrets alone, where it did not.
  public let secrets: String?
  /// Nil where there is no folder, or nothing in it.
  public let uploads: String?
  /// The dumps that the image has made, the newest first.
  public let dumps: [String]

  /// Recognises a volume by its secrets or settings beside its uploads or dumps.
  ///
  /// - Returns: nil where the folder is something else, such as a backup that was unpacked.
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

  /// `backup-2026-11-23T03_30_00+00_00.sql`, or `.tar.gz` of images before version 12; the moment is UTC, so that names
  /// sort by it.
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
