import Archive
import Common
import Operations
import Pictures
import Server

/// Puts the organization's icon and logos in place: the original, and the size that the server shows.
struct OrganizationPictures {
  /// A picture that an organization can upload. Raw values are file names.
  enum Kind: String, CaseIterable {
    case icon, logo
    case nightLogo = "night_logo"

    var title: String {
      switch self {
      case .icon: "icon"
      case .logo: "logo"
      case .nightLogo: "logo for the dark theme"
      }
    }
  }

  struct Icon {
    /// The name of the member in the archive.
    let member: String
    let name: String
  }

  private static let folder = "realm"
  private static let iconSide = 100
  private static let logoSize = (width: 800, height: 100)

  let icons: [Icon]
  let archive: OpenedArchive

  func place(into placed: StagedUploads, _ outcome: inout ImportedFiles.Outcome, meter: Meter) throws {
    let members = Dictionary(icons.map { ($0.name, $0.member) }) { first, _ in first }
    var known: Set<String> = []
    for kind in Kind.allCases {
      let names = (picture: "\(kind.rawValue).png", original: "\(kind.rawValue).original")
      known.formUnion([names.picture, names.original])
      let picture = members[names.picture]
      let original = members[names.original]
      guard picture != nil || original != nil else { continue }
      if try place(kind, picture, original, names, into: placed) {
        outcome.icons.insert(kind)
      } else {
        outcome.warnings.append("The organization's \(kind.title) is damaged, or no picture at all: it is left out")
      }
    }
    for (name, member) in members.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      try placed.copy(member, of: archive, to: .avatars, "\(Self.folder)/\(name)")
    }
    try meter.advance(by: Int64(icons.count))
  }

  /// - Returns: false if neither file can be shown.
  private func place(
    _ kind: Kind, _ picture: String?, _ original: String?, _ names: (picture: String, original: String),
    into placed: StagedUploads
  ) throws -> Bool {
    func copy(_ member: String, _ name: String) throws {
      try placed.copy(member, of: archive, to: .avatars, "\(Self.folder)/\(name)")
    }
    if let picture, try archive.open(picture).withMappedBytes({ (try? SquarePicture.make(from: $0, sides: [])) != nil })
    {
      try copy(picture, names.picture)
      guard let original else { return true }
      let isImage = try archive.open(original).withMappedBytes { MeasuredImage($0) != nil }
      try copy(isImage ? original : picture, names.original)
      return true
    }
    guard let original else { return false }
    let made = try archive.open(original).withMappedBytes { bytes in
      kind == .icon
        ? try? SquarePicture.make(from: bytes, sides: [Self.iconSide]).first
        : try? FittedPicture.make(from: bytes, width: Self.logoSize.width, height: Self.logoSize.height)
    }
    guard let made else { return false }
    try placed.add(.avatars, "\(Self.folder)/\(names.picture)", made)
    try copy(original, names.original)
    return true
  }
}
