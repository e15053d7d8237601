import Archive
import Common
import Pictures

/// Makes the pictures of people that the server makes when someone uploads one, and that archives do not hold: the
/// medium size always, the small one where it is missing.
///
/// Pictures are computed on all processors. What is decoded at one time is held to a budget of memory, not of threads.
struct AvatarPictures {
  /// One person's picture in the archive.
  struct Avatar: Sendable {
    /// The ids on this server and in the archive.
    let user: Int64
    let oldUser: Int64
    /// The file's name on this server, without its ending.
    let name: String
    /// Members of the archive. At least one is there.
    var original: String?
    var small: String?
  }

  private enum Side {
    static let small = 100
    static let medium = 500
  }

  /// What came of one avatar.
  private struct Made {
    var files: [(target: String, bytes: [UInt8])] = []
    var warning: String?
  }

  private struct State {
    var next = 0
    var pixels = 0
    var isStopped = false
    var ready: [Result<Made, any Error>] = []
  }

  /// Decoded pictures take four bytes a pixel. One that is larger than this is decoded alone.
  private static let pixelBudget = 8_000_000
  private static let maximalReady = 8

  let avatars: [Avatar]
  let archive: OpenedArchive

  /// - Returns: a warning for each picture that cannot be read.
  func place(into placed: PlacedFiles, meter: Meter) throws -> [String] {
    guard !avatars.isEmpty else { return [] }
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
      for file in made.files { try placed.add(.avatars, file.target, file.bytes) }
      if let warning = made.warning { warnings.append(warning) }
      try meter.advance()
    }
    return warnings.sorted()
  }

  // MARK: On the threads

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
    let isSmallMissing = avatar.small == nil
    guard let original = avatar.original else { return try makeFromSmall(avatar, state) }
    do {
      return try make(original, avatar, isSmallMissing ? [Side.medium, Side.small] : [Side.medium], state)
    } catch let failure as PictureFailure {
      let person =
        avatar.user == avatar.oldUser ? "user \(avatar.user)" : "user \(avatar.user) (\(avatar.oldUser) in the archive)"
      let what = "The picture that \(person) uploaded cannot be used: \(failure.reason)"
      var made = isSmallMissing ? Made() : try makeFromSmall(avatar, state)
      made.warning = made.files.isEmpty ? what : "\(what); the large one is made from the small one"
      return made
    }
  }

  private func makeFromSmall(_ avatar: Avatar, _ state: Monitor<State>) throws -> Made {
    guard let small = avatar.small else { return Made() }
    do {
      return try make(small, avatar, [Side.medium], state)
    } catch let failure as PictureFailure {
      return Made(warning: "The picture of user \(avatar.user) cannot be used: \(failure.reason)")
    }
  }

  private func make(_ member: String, _ avatar: Avatar, _ sides: [Int], _ state: Monitor<State>) throws -> Made {
    try archive.open(member).withMappedBytes { bytes in
      let pixels = try PictureHeader(bytes).pixels
      state.when({ $0.pixels == 0 || $0.pixels + pixels <= Self.pixelBudget }, { $0.pixels += pixels })
      defer { state.now { $0.pixels -= pixels } }
      let pictures = try SquarePicture.make(from: bytes, sides: sides)
      return Made(
        files: zip(sides, pictures).map { side, bytes in
          (avatar.name + (side == Side.medium ? "-medium.png" : ".png"), bytes)
        })
    }
  }
}
