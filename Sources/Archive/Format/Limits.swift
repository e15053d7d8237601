/// How much an archive may hold before it is refused: what stops a small file from filling a disk.
public struct Limits: Sendable, Equatable {
  /// Entries of any kind, folders too.
  public var entries: Int
  /// Bytes of one member.
  public var memberBytes: Int64
  /// Bytes of all members.
  public var totalBytes: Int64
  /// Unpacked bytes for one packed byte, looked at once more than `ratioFrom` bytes are unpacked.
  public var ratio: Int64
  public var ratioFrom: Int64
  /// Bytes of the manifest.
  public var manifestBytes: Int64
  /// Folders within folders.
  public var depth: Int
  /// Bytes of the names of all members: they are held in memory.
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

  /// Far beyond any organization, far below what a bomb does.
  public static let standard = Limits()
}
