import Operations

extension Brand {
  /// The prefix of the server's own constants in settings.py and version.py.
  var constant: String { rawValue.uppercased() }

  /// A text of the resources with the brand's names in place.
  func applied(to text: String) -> String {
    text.replacing("@brand@", with: rawValue).replacing("@Brand@", with: title).replacing("@BRAND@", with: constant)
  }
}
