import Foundation

@testable import Operations

enum JSONDecoding {
  static func reference(_ text: String) throws -> ServerReference {
    try JSONDecoder().decode(ServerReference.self, from: Data(text.utf8))
  }
}
