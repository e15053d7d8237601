import Archive
import Common
import Operations
import Pictures
import Server

/// Puts the avatars of users in place, in all sizes that the server shows: the original, small, and medium.
///
/// Archives hold the first two, or one of them. The medium size is always generated from the best picture available;
/// the small one only if it is missing or damaged. A user without a readable picture gets none.
///
/// Pictures are computed on all processors. A memory budget, not the number of threads, limits what is decoded at the
/// same time.
struct AvatarPictures {
  /// The pictures of one user in the archive.
  struct Avatar: Sendable {
    /// The user's ids on this server and in the archive.
    let user: Int64
    let oldUser: Int64
    /// The file's name on this server, without its extension.
    let name: String
    /// The names of members of the archive.
    var original: String?
    var small: String?
    var medium: String?
  }

  private enum Side {
    static let small = 100
    static let medium = 500
  }

  private enum Content {
    case member(String)
    case bytes([UInt8])
  }

  /// The result for one avatar.
  private struct Made {
    let user: Int64
    /// Empty if no picture could be read.
    var files: [(target: String, content: Content)] = []
    var warning: String?
  }

  private struct State {
    var next = 0
    var pixels = 0
    var isStopped = false
    var ready: [Result<Made, any Error>] = []
  }

  /// Decoded pictures take four bytes per pixel. A picture larger than this is decoded alone.
  private static let pixelBudget = 8_000_000
  private static let maximalReady = 8
  private static let shownWarnings = 20

  let avatars: [Avatar]
  let archive: OpenedArchive

  /// - Parameter outcome: receives the users who have a picture, and a warning for each picture that cannot be read.
  func place(into placed: StagedUploads, _ outcome: inout ImportedFiles.Outcome, meter: Meter) throws {
    guard !avatars.isEmpty else { return }
    let state = Monitor(State())
    var threads: [WorkerThread] = []
    defer {
      state.now { $0.isStopped = true }
      threads.forEach { $0.join() }
    }
    for _ in 0..<min(WorkerThread.processors, avatars.count) {
      threads.append(try WorkerThread { [self] in work(state) })
    }
    var warnings: [String] = []
    for _ in avatars {
      let made = try state.when({ !$0.ready.isEmpty }, { $0.ready.removeFirst() }).get()
      for file in made.files {
        switch file.content {
        case .bytes(let bytes): try placed.add(.avatars, file.target, bytes)
        case .member(let name): try placed.copy(name, of: archive, to: .avatars, file.target)
        }
      }
      if !made.files.isEmpty { outcome.pictured.insert(made.user) }
      if let warning = made.warning { warnings.append(warning) }
      try meter.advance()
    }
    outcome.warnings += warnings.sorted().prefix(Self.shownWarnings)
    if warnings.count > Self.shownWarnings {
      let more = Int64(warnings.count - Self.shownWarnings)
      outcome.warnings.append("\(Amount.of(more, "more picture")) of people cannot be used")
    }
  }

  // MARK: Worker threads

  private func work(_ state: Monitor<State>) {
    while let avatar = next(state) {
      let result = Result { try make(avatar, state) }
      state.when({ $0.ready.count < Self.maximalReady || $0.isStopped }, { $0.ready.append(result) })
    }
  }

  private func next(_ state: Monitor<State>) -> Avatar? {
    state.now { state in
      guard !state.isStopped, state.next < avatars.count else { return nil }
      defer { state.next += 1 }
      return avatars[state.next]
    }
  }

  private func make(_ avatar: Avatar, _ state: Monitor<State>) throws -> Made {
    var made = Made(user: avatar.user)
    var failure: PictureFailure?
    /// Returns nil if the picture cannot be read.
    func pictures(_ member: String?, _ sides: [Int]) throws -> [[UInt8]]? {
      guard let member else { return nil }
      do {
        return try decode(member, sides, state)
      } catch let found as PictureFailure {
        failure = failure ?? found
        return nil
      }
    }

    let isSmallUsable = try pictures(avatar.small, []) != nil
    let smallFailure = failure
    failure = nil
    let sides = isSmallUsable ? [Side.medium] : [Side.medium, Side.small]
    var source: (member: String, pictures: [[UInt8]])?
    for member in [avatar.original, isSmallUsable ? avatar.small : nil, avatar.medium].compactMap(\.self) {
      guard let found = try pictures(member, sides) else { continue }
      source = (member, found)
      break
    }
    if avatar.original == nil { failure = smallFailure }

    let person =
      avatar.user == avatar.oldUser ? "user \(avatar.user)" : "user \(avatar.user) (\(avatar.oldUser) in the archive)"
    guard let source else {
      let reason = (failure ?? smallFailure)?.reason ?? "it is damaged"
      made.warning = "The picture that \(person) uploaded cannot be used: \(reason)"
      return made
    }
    made.files.append((avatar.name + "-medium.png", .bytes(source.pictures[0])))
    let small: Content =
      if isSmallUsable, let small = avatar.small { .member(small) } else { .bytes(source.pictures[1]) }
    made.files.append((avatar.name + ".png", small))
    // The server generates other sizes from the original, so there has to be one that it can read.
    let isOriginalKept = try avatar.original.map { try $0 == source.member || isImage($0) } ?? false
    made.files.append((avatar.name + ".original", .member(isOriginalKept ? avatar.original ?? "" : source.member)))
    if let failure, avatar.original != nil {
      made.warning =
        "The picture that \(person) uploaded cannot be used: \(failure.reason); the large one is made from the small one"
    } else if let smallFailure {
      made.warning = "The small picture of \(person) is generated again: \(smallFailure.reason)"
    }
    return made
  }

  /// Returns whether the file begins like an image, even one of a format that is not decoded here.
  private func isImage(_ member: String) throws -> Bool {
    try archive.open(member).withMappedBytes { MeasuredImage($0) != nil }
  }

  private func decode(_ member: String, _ sides: [Int], _ state: Monitor<State>) throws -> [[UInt8]] {
    try archive.open(member).withMappedBytes { bytes in
      let pixels = try PictureHeader(bytes).pixels
      state.when({ $0.pixels == 0 || $0.pixels + pixels <= Self.pixelBudget }, { $0.pixels += pixels })
      defer { state.now { $0.pixels -= pixels } }
      return try SquarePicture.make(from: bytes, sides: sides)
    }
  }
}
