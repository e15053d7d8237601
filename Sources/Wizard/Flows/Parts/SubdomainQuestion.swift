import Common
import Engine
import Operations
import Server

/// The question for the address of an organization: the subdomain is checked against the server's organizations while
/// it is typed, and a free one is proposed.
struct SubdomainQuestion: Sendable {
  let key: AnswerKey<String>
  let reservedKey: AnswerKey<Bool>
  var title = "Subdomain"
  /// The root of the server whose organizations hold subdomains; nil if they cannot be known.
  let root: @Sendable (Answers) -> String?
  /// The host name of the server.
  let host: @Sendable (Answers) -> String
  /// The subdomain that the organization has now; nil if it is unknown.
  let present: @Sendable (Answers) -> String?
  /// Whether the organization stays on its server, so that its present subdomain is no new one.
  var isRename = false

  /// The name of the detail of ``key`` with the used subdomains, one in a line.
  private static let used = "used"

  // MARK: The step's parts

  /// Returns the field, and the question about a reserved name.
  var fields: [Field] {
    [
      Field(
        "subdomain", title, .text(placeholder: "(root domain)"), hint: { hint($0) },
        preset: { proposal($0).map { .text($0) } }, check: { objection($0) }),
      Field(
        "reserved", "Servers reserve this name. Use it anyway?", name: "Reserved name",
        .yesNo(
          yes: .init("yes", "Yes, use it", "Right if it is the organization's name already."),
          no: .init("no", "No", "Then change it above.")),
        isVisible: { MoveDecisions.isReserved($0[key]) },
        preset: { .flag(!isRename && $0.given(key) == present($0)) },
        check: { $0.given(reservedKey) == false ? "Choose another subdomain" : nil }),
    ]
  }

  /// Reads the used subdomains. A server that cannot be read is no obstacle here: the checks report it.
  func lookup(_ engine: FlowEngine) -> Lookup {
    Lookup("Looking which addresses are in use", key: { root($0) ?? "" }) { answers, cancellation in
      guard let root = root(answers), let all = try? engine.organizations(root, cancellation) else {
        return LookupResult()
      }
      // Whether the redirect of an earlier rename can be replaced, the checks tell.
      let holders = all.filter { !isRename || !Self.isRedirect($0) }
      return LookupResult(known: [key.name: [Self.used: holders.map { "\($0.subdomain)\n" }.joined()]])
    }
  }

  private static func isRedirect(_ organization: Organization) -> Bool {
    if case .redirect = organization.state { true } else { false }
  }

  // MARK: Texts

  private func objection(_ answers: Answers) -> String? {
    let subdomain = answers[key]
    if isRename, subdomain == present(answers) { return "This is its present subdomain" }
    let lowercase = subdomain.lowercased()
    if lowercase != subdomain, AnswerCheck.subdomain(lowercase) == nil {
      return
        "\(InputRule.smallLetters): \(SafeText.clean(Self.free(like: lowercase, used: used(answers)), limit: .word))"
    }
    if let reason = AnswerCheck.subdomain(subdomain) { return reason }
    let used = used(answers)
    guard used.contains(subdomain) else { return nil }
    let place = subdomain.isEmpty ? "The root domain" : "\(SafeText.clean(subdomain, limit: .word))"
    return "\(place) is in use there; \(Self.free(like: subdomain, used: used)) is free"
  }

  private func hint(_ answers: Answers) -> String? {
    let subdomain = answers[key]
    let host = host(answers)
    let address = "People will open https://\(subdomain.isEmpty ? "" : "\(subdomain).")\(host)"
    guard !isRename, let present = present(answers), used(answers).contains(present), subdomain != present else {
      return address
    }
    return "\(present.isEmpty ? "The root domain" : present) is in use there. \(address)"
  }

  private func proposal(_ answers: Answers) -> String? {
    guard let present = present(answers) else { return nil }
    let used = used(answers)
    return !isRename && used.contains(present) ? Self.free(like: present, used: used) : present
  }

  private func used(_ answers: Answers) -> Set<String> {
    let lines = answers.detail(key, Self.used)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
    return Set(lines.dropLast().map(String.init))
  }

  /// Returns an unused subdomain that is not reserved: the name itself, or the name with a number.
  static func free(like name: String, used: Set<String>) -> String {
    let base = name.isEmpty ? "organization" : String(name.prefix(36))
    let numbered = (2...999).lazy.map { "\(base)-\($0)" }
    return ([name].lazy.filter { !$0.isEmpty } + Array(numbered)).first {
      !used.contains($0) && !MoveDecisions.isReserved($0) && AnswerCheck.subdomain($0) == nil
    } ?? name
  }
}
