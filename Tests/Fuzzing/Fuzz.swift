import CFuzzing
import Glibc

/// Runs a property with inputs that are generated from a corpus, for a fixed number of executions.
///
/// An execution number and a seed determine the input. On a crash, or after ``secondsPerExecution`` of processor time,
/// target, seed, execution and input are written to standard error before the process ends. In the environment
/// `FUZZ_SEED` sets another seed, and `FUZZ_TIMES` multiplies the number of executions.
public struct Fuzz: Sendable {
  public let target: String
  public let seed: UInt64
  private let corpus: [[UInt8]]
  private let tokens: [String]
  private let largest: Int
  private let times: Int

  private static let secondsPerExecution: UInt32 = 30

  /// - Parameters:
  ///   - target: the name in reports.
  ///   - corpus: valid and invalid inputs. Each is also run unchanged.
  ///   - tokens: words of the format, which are inserted at random places.
  public init(_ target: String, corpus: [[UInt8]], tokens: [String] = [], seed: UInt64 = 1, largest: Int = 1 << 16) {
    self.target = target
    self.corpus = corpus
    self.tokens = tokens
    self.largest = largest
    self.seed = getenv("FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? seed
    times = getenv("FUZZ_TIMES").flatMap { Int(String(cString: $0)) } ?? 1
  }

  public init(_ target: String, corpus: [String], tokens: [String] = [], seed: UInt64 = 1, largest: Int = 1 << 16) {
    self.init(target, corpus: corpus.map { Array($0.utf8) }, tokens: tokens, seed: seed, largest: largest)
  }

  /// Returns the input of an execution: first the corpus, then mutations.
  public func input(_ execution: Int) -> [UInt8] {
    if execution < corpus.count { return corpus[execution] }
    var dice = Dice(seed: seed &* 0x2545_F491_4F6C_DD1D &+ UInt64(execution))
    let base = corpus.isEmpty ? [] : corpus[dice.below(corpus.count)]
    var mutator = Mutator(seed: dice.next(), tokens: tokens, largest: largest)
    return mutator.mutate(base, others: corpus)
  }

  /// Calls `property` with each input; stops at its first error.
  ///
  /// - Throws: ``FuzzFinding`` with seed, execution and input if the property throws. The property must catch errors
  ///   that are correct for an invalid input.
  public func run(_ executions: Int, _ property: ([UInt8]) throws -> Void) throws {
    for execution in 0..<max(executions * times, corpus.count) {
      let input = input(execution)
      do {
        try noted(input, execution) { try property(input) }
      } catch {
        throw FuzzFinding(
          target: target, seed: seed, execution: execution, input: input, reason: String(describing: error))
      }
    }
  }

  private func noted(_ input: [UInt8], _ execution: Int, _ body: () throws -> Void) throws {
    try target.withCString { target in
      try input.withUnsafeBufferPointer { bytes in
        let isNoted = cfuzzing_begin(
          target, seed, UInt64(execution), bytes.baseAddress, UInt(bytes.count), Self.secondsPerExecution)
        defer { if isNoted == 0 { cfuzzing_end() } }
        try body()
      }
    }
  }
}

/// An input for which a property does not hold.
public struct FuzzFinding: Error, CustomStringConvertible {
  public let target: String
  public let seed: UInt64
  public let execution: Int
  public let input: [UInt8]
  public let reason: String

  public var description: String {
    "fuzz target \(target), seed \(seed), execution \(execution): \(reason); input: \(Self.shown(input))"
  }

  /// Returns the bytes as a literal that is valid in Swift and in Python's byte strings.
  static func shown(_ bytes: [UInt8]) -> String {
    bytes.map { byte -> String in
      switch byte {
      case 0x5C: return "\\\\"
      case 0x20...0x7E: return String(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16)
        return digits.count < 2 ? "\\x0\(digits)" : "\\x\(digits)"
      }
    }.joined()
  }
}

/// The error of a property that does not hold.
public struct Broken: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// - Throws: ``Broken`` if the condition is false.
public func hold(_ condition: Bool, _ description: @autoclosure () -> String) throws {
  guard condition else { throw Broken(description()) }
}
