/// Random text for tokens and names, from the system's cryptographic generator.
public enum RandomText {
  private static let alphanumeric = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
  private static let urlSafe = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".utf8)

  public static func alphanumeric(_ count: Int) -> String { pick(count, from: alphanumeric) }
  public static func urlSafe(_ count: Int) -> String { pick(count, from: urlSafe) }

  public static func hexadecimal(_ count: Int) -> String { pick(count, from: Array("0123456789abcdef".utf8)) }

  private static func pick(_ count: Int, from letters: [UInt8]) -> String {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
