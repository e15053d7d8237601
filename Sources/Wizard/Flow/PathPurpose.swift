/// The purpose of a path: determines the names that are offered while typing, not the valid answers.
enum PathPurpose: Sendable, Equatable {
  case anything
  case folder
  /// A file with one of these endings: ".tar.gz". Folders are offered too, because they lead to files.
  case file(endings: [String])

  /// Returns whether a name is offered.
  func offers(_ name: String, isFolder: Bool) -> Bool {
    switch self {
    case .anything: true
    case .folder: isFolder
    case .file(let endings): isFolder || endings.contains { name.hasSuffix($0) }
    }
  }

  /// Whether a folder is not a valid answer.
  var wantsFile: Bool {
    if case .file = self { true } else { false }
  }
}

extension Field.Kind {
  /// A path to any entry.
  static var path: Self { .path(.anything) }
}

extension Field {
  var isPath: Bool {
    if case .path = kind { true } else { false }
  }
}
