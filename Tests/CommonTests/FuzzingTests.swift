import Fuzzing
import Testing

@Suite("Generated inputs")
struct FuzzingTests {
  private static let fuzz = Fuzz(
    "itself", corpus: ["", "{\"id\": 12, \"name\": \"Iago\"}", "a=1\nb=2\n"], tokens: ["{", "]"], seed: 7, largest: 4096
  )

  @Test("The same seed makes the same inputs, another seed makes others")
  func deterministic() {
    let other = Fuzz("itself", corpus: ["", "{\"id\": 12}"], seed: 8)
    let inputs = (0..<200).map { Self.fuzz.input($0) }
    #expect(inputs == (0..<200).map { Self.fuzz.input($0) })
    #expect(inputs != (0..<200).map { other.input($0) })
    #expect(Set(inputs).count > 150)
    #expect(inputs.allSatisfy { $0.count <= 4096 })
  }

  @Test("A property that does not hold is reported with seed, execution and input")
  func reported() throws {
    let finding = #expect(throws: FuzzFinding.self) {
      try Self.fuzz.run(100) { input in try hold(input.count < 10, "ten bytes") }
    }
    #expect(finding?.input == Array("{\"id\": 12, \"name\": \"Iago\"}".utf8))
    #expect(finding?.description.contains("seed \(Self.fuzz.seed), execution 1: ten bytes; input: {\"id\": 12") == true)
    try Self.fuzz.run(100) { _ in }
  }

  @Test("A crash of a fuzz target tells target, seed, execution and input")
  func crash() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Fuzz("crashing", corpus: ["ab"], seed: 3).run(1) { input in
        _ = input[input.count]
      }
    }
    let told = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(told.contains("fuzz target crashing crashed with seed"))
    #expect(told.contains("execution 0, input in hexadecimal:\n6162\n"))
  }
}
