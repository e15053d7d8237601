import Operations
import Testing

@testable import Administration

@Suite("The table of secrets")
struct SecretTableTests {
  /// The situations that an entry distinguishes.
  private static let situations: [MigrationFacts] = [MigrationFacts.Kind.import, .restore].flatMap { kind in
    (0..<32).map { bits in
      func has(_ bit: Int) -> Bool { bits & (1 << bit) != 0 }
      return MigrationFacts(
        kind: kind, usersRenumbered: kind == .import, replacesSource: has(0), targetHostsOthers: has(1),
        sourceHost: "old.example.com", targetHost: "new.example.com", pushRegistered: has(2), queueIsLocal: has(3),
        sharesDatabase: has(4))
    }
  }

  private func isSentence(_ text: String) -> Bool {
    text.first?.isUppercase == true && text.last == "." && !text.contains("  ")
  }

  @Test("Every entry has complete sentences for its purpose and consequences, and a clause as its reason")
  func sentences() {
    for facts in Self.situations {
      for entry in SecretTable(source: .aloha, target: .aloha, facts: facts).entries {
        let name = "\(entry.keys.map(\.source)) \(facts)"
        #expect(isSentence(entry.purpose), "\(name)")
        #expect(isSentence(entry.ifCopied), "\(name)")
        #expect(isSentence(entry.ifKept), "\(name)")
        #expect(!entry.why.isEmpty && entry.why.last != "." && entry.why.first?.isUppercase == false, "\(name)")
        #expect(entry.ifCopied != entry.ifKept, "\(name): there is nothing to decide")
      }
    }
  }

  @Test("No key is in two entries")
  func unique() {
    let keys = SecretTable(source: .aloha, target: .aloha, facts: Self.situations[0]).entries.flatMap(\.keys)
    #expect(Set(keys.map(\.target)).count == keys.count)
  }
}
