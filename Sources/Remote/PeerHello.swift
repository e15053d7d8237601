import Common
import FoundationEssentials

/// What this program says of itself to the same program on another machine: one line of JSON.
public struct PeerHello: Sendable, Codable, Equatable {
  /// The version of the requests and streams between two machines. Both must have the same one.
  public static let protocolVersion = 1

  public let program: String
  public let protocolVersion: Int

  public static let own = PeerHello(program: Program.nameAndVersion, protocolVersion: protocolVersion)

  /// - Returns: nil if the text is not the line of this program.
  public init?(line: some StringProtocol) {
    guard let hello = try? JSONDecoder().decode(Self.self, from: Data(String(line).utf8)) else { return nil }
    self = hello
  }

  private init(program: String, protocolVersion: Int) {
    self.program = program
    self.protocolVersion = protocolVersion
  }

  /// Without a line break.
  public var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
