import Common

extension Failure {
  /// Returns a failure about damage with the archive as its subject: an operator who has several archives must see which
  /// one is damaged. Other failures are returned unchanged.
  public func naming(archive path: String) -> any Failure {
    let isNamed = subject == SafeText.clean(path) || subject == SafeText.clean(path, limit: .path)
    guard family == .damagedArchive, !isNamed else { return self }
    return PlainFailure(family, SafeText.clean(path, limit: .path), "\(subject): \(reason)", remedy: remedy)
  }
}

extension ArchiveFailure {
  /// Runs `body`, and names the archive in its failures, see ``Common/Failure/naming(archive:)``.
  public static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let failure as any Failure {
      throw failure.naming(archive: path)
    }
  }
}

/// The faults of an archive. Names of members are cleaned for display.
public struct ArchiveFailure: Failure, Equatable {
  public enum Problem: Sendable, Equatable {
    /// The path does not exist.
    case missing
    /// The format is not supported; the text describes it.
    case foreign(String)
    /// The archive was changed: a flipped bit, a missing end, data after the end. The text contains the position.
    case damaged(String)
    /// The archive contains something that is never allowed.
    case refused(member: String, Refusal)
    /// The archive exceeds the limits.
    case beyondLimit(String)
    /// The archive is intact, but not usable for this purpose.
    case unsuitable(String, remedy: String?)
    /// The archive does not contain this member.
    case noMember(String)
  }

  /// The reason why a member is refused.
  public enum Refusal: String, Sendable, Equatable, CaseIterable {
    case symbolicLink = "it is a symbolic link"
    case hardLink = "it is a hard link"
    case device = "it is a device"
    case namedPipe = "it is a named pipe"
    case socket = "it is a socket"
    case unknownType = "it is of a kind that is not known"
    case sparse = "it is stored with holes"
    case absoluteName = "its name begins at the root folder"
    case parentFolder = "its name leads out of its folder"
    case unclearName = "its name has empty parts or dots in place of names"
    case controlCharacter = "its name holds a control character"
    case notUTF8 = "its name is not UTF-8"
    case longName = "its name is too long"
    case duplicate = "a member of that name was there already"
    case secondRoot = "it is outside of the common root folder"
    case clash = "its name is a file in one place and a folder in another"
  }

  public let path: String
  public let problem: Problem

  public init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }

  public var family: FailureFamily {
    switch problem {
    case .missing, .noMember: .archive
    case .damaged, .refused, .beyondLimit: .damagedArchive
    case .foreign, .unsuitable: .unsuitableArchive
    }
  }

  public var subject: String { SafeText.clean(path) }

  public var reason: String {
    switch problem {
    case .missing: "there is no such archive"
    case .foreign(let what): "this is \(what), not an archive that can be read here"
    case .damaged(let place): "the archive is damaged: \(place)"
    case .refused(let member, let why):
      "the member \"\(SafeText.clean(member, limit: .line))\" is refused: \(why.rawValue)"
    case .beyondLimit(let what): "the archive is larger than is allowed: \(what)"
    case .unsuitable(let why, _): why
    case .noMember(let name): "the archive has no member \"\(SafeText.clean(name, limit: .line))\""
    }
  }

  public var remedy: String? {
    switch problem {
    case .missing: "check the path"
    case .foreign: "give a .tar.gz, a .tar or the unpacked folder"
    case .damaged: "copy it again from where it was made and compare the sizes, or make a new one"
    case .refused(_, .secondRoot):
      "it was packed without a folder around everything: unpack it into an empty folder, and give that folder: "
        + "mkdir FOLDER; tar -xzf \(ShellWord.quoted(SafeText.clean(path, limit: .path))) -C FOLDER"
    case .refused: "do not use this archive unless you know who made it"
    case .beyondLimit: "raise the limit if you trust the archive"
    case .unsuitable(_, let remedy): remedy
    case .noMember: nil
    }
  }
}
