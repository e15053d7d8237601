/// The limits of an archive, which prevent a small file from filling a disk.
public struct Limits: Sendable, Equatable {
  /// The number of entries, including folders.
  public var entries: Int
  /// The size of one member in bytes.
  public var memberBytes: Int64
  /// The size of all members in bytes.
  public var totalBytes: Int64
  /// The ratio of unpacked to packed bytes, checked after `ratioFrom` unpacked bytes.
  public var ratio: Int64
  public var ratioFrom: Int64
  /// The size of the manifest in bytes.
  public var manifestBytes: Int64
  /// The nesting depth of folders.
  public var depth: Int
  /// The size of the names of all members in bytes, which are held in memory.
  public var nameBytes: Int64

  public init(
    entries: Int = 10_000_000, memberBytes: Int64 = 1 << 40, totalBytes: Int64 = 16 << 40, ratio: Int64 = 200,
    ratioFrom: Int64 = 1 << 30, manifestBytes: Int64 = 256 << 20, depth: Int = 64,
    nameBytes: Int64 = 1 << 30
  ) {
    self.entries = entries
    self.memberBytes = memberBytes
    self.totalBytes = totalBytes
    self.ratio = ratio
    self.ratioFrom = ratioFrom
    self.manifestBytes = manifestBytes
    self.depth = depth
    self.nameBytes = nameBytes
  }

  /// Above the size of any organization, and below that of a decompression bomb.
  public static let standard = Limits()
}
