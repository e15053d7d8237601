import Common

/// An archive in a list to choose from. Texts other than the path are cleaned for a terminal.
public struct FoundArchive: Sendable, Equatable {
  /// The content.
  public enum Content: Sendable, Equatable {
    case export, backup
    /// Something else; the text describes it: "a zip file".
    case other(String)
    /// Nothing tells.
    case unknown
  }

  /// Whether it can be used, as far as it is known without reading all of it.
  public enum State: Sendable, Equatable {
    /// Read to its end and intact, or recorded as such by an earlier command.
    case complete
    /// Too large to be read to its end: no fault in its beginning, and its end fits.
    case begun
    /// A backup that lacks parts of a server; the text names them.
    case partial(String)
    /// A file that is still being written, or was left by an interrupted command or copy.
    case unfinished
    /// Its end is missing.
    case cutOff
    case damaged(String)
    /// Nothing can be looked into without the private key.
    case encrypted
    /// This user cannot read it; the text is the reason.
    case unreadable(String)
    /// The time for looking was over.
    case notLookedInto
  }

  public struct Organization: Sendable, Equatable {
    /// Nil if only a job's record names the organization.
    public let name: String?
    public let subdomain: String

    public init(name: String?, subdomain: String) {
      self.name = name
      self.subdomain = subdomain
    }
  }

  /// The path as the file system has it: not cleaned.
  public let path: String
  /// In microseconds since 1970: the time in its name, otherwise its last modification.
  public let moment: Int64
  /// Nil for an unpacked folder, whose files are not counted.
  public let bytes: Int64?
  public var content: Content
  public var state: State
  public var organization: Organization?
  /// Whether age has encrypted it. Its state can be known nevertheless, from its `.sha256`.
  public var isEncrypted: Bool

  public init(
    path: String, moment: Int64, bytes: Int64?, content: Content, state: State, organization: Organization? = nil,
    isEncrypted: Bool = false
  ) {
    self.path = path
    self.moment = moment
    self.bytes = bytes
    self.content = content
    self.state = state
    self.organization = organization
    self.isEncrypted = isEncrypted || state == .encrypted
  }

  /// The state in a few words for a table: "complete", "encrypted, complete".
  public var stateWords: String { isEncrypted && state != .encrypted ? "encrypted, \(state.word)" : state.word }

  public var isFolder: Bool { bytes == nil }

  /// The file name, cleaned.
  public var name: String { SafeText.clean(FileSystem.name(of: path), limit: .title) }

  /// Whether it may be proposed: nothing is known against it, and it was looked into, unless it is encrypted.
  public var canBeProposed: Bool {
    switch state {
    case .complete, .begun, .encrypted: hasPlainName
    case .partial, .unfinished, .cutOff, .damaged, .unreadable, .notLookedInto: false
    }
  }

  /// Whether its path can be shown and typed as it is.
  public var hasPlainName: Bool { SafeText.clean(path) == path }
}

extension FoundArchive.State {
  /// A few words: "complete", "cut off".
  public var word: String {
    switch self {
    case .complete: "complete"
    case .begun: "seems complete"
    case .partial: "partial"
    case .unfinished: "unfinished"
    case .cutOff: "cut off"
    case .damaged: "damaged"
    case .encrypted: "encrypted"
    case .unreadable: "unreadable"
    case .notLookedInto: "not looked into"
    }
  }

  /// A sentence without a full stop about what the word leaves open; nil if there is nothing to add.
  public var explanation: String? {
    switch self {
    case .complete: nil
    case .begun: "Large: only its beginning was read, without a fault"
    case .partial(let what): "A backup that does not hold a whole server: \(what)"
    case .unfinished: "It is still being written, or was left by an interrupted command or copy"
    case .cutOff: "Its end is missing: copy it again from where it was made"
    case .damaged(let why): "Damaged: \(why)"
    case .encrypted: "Encrypted: it cannot be looked into without the private key"
    case .unreadable(let why): "It cannot be read: \(why)"
    case .notLookedInto: "There was no time to look into it"
    }
  }
}

/// The result of a search.
public struct FoundArchives: Sendable, Equatable {
  /// The newest first; each once.
  public var archives: [FoundArchive]
  /// The number of older candidates that were left out because there were too many.
  public var unlisted: Int

  public init(_ archives: [FoundArchive] = [], unlisted: Int = 0) {
    self.archives = archives
    self.unlisted = unlisted
  }
}
