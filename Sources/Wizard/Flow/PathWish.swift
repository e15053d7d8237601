/// What a path is wanted for: decides which names are offered while it is typed, not which answers will do.
enum PathWish: Sendable, Equatable {
  case anything
  case folder
  /// A file whose name ends with one of these: ".tar.gz". Folders lead there, and are offered too.
  case file(endings: [String])

  /// Whether a name of that kind leads to what is wanted.
  func offers(_ name: String, isFolder: Bool) -> Bool {
    switch self {
    case .anything: true
    case .folder: isFolder
    case .file(let endings): isFolder || endings.contains { name.hasSuffix($0) }
    }
  }

  /// A folder is no answer, only a way to one.
  var wantsFile: Bool {
    if case .file = self { true } else { false }
  }
}

extension Field.Kind {
  /// A path to anything at all.
  static var path: Self { .path(.anything) }
}

extension Field {
  var isPath: Bool {
    if case .path = kind { true } else { false }
  }
}
