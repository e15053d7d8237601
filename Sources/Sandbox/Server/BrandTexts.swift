import Operations

extension Brand {
  /// The prefix of the server's constants in settings.py and version.py.
  var constant: String { rawValue.uppercased() }

  /// Returns a text of the resources with the names of the brand.
  func applied(to text: String) -> String {
    text.replacing("@brand@", with: rawValue).replacing("@Brand@", with: title).replacing("@BRAND@", with: constant)
  }
}
