import Administration
import Common
import Operations

extension Goal {
  static let passwordResets = Goal(
    "password-resets", "Password resets", "mail for choosing new ones",
    aliases: ["e-mail", "email", "sign in", "forgotten", "invite users", "send"]
  ) {
    .passwordResets($0, .real($0))
  }
}

/// The functions of the engine that only this flow uses. Tests replace them.
struct PasswordResetQueries: Sendable {
  typealias Person = PasswordResetOperation.Person

  var people: @Sendable (_ subdomain: String, PasswordResetOperation.Audience, _ onlyNever: Bool) throws -> [Person]
  /// A description of the email, in sentences.
  var preview: @Sendable (_ subdomain: String) throws -> [String]
  /// The server's commands; empty if they can be run on this machine.
  var commands: @Sendable (_ subdomain: String, PasswordResetOperation.Audience, _ onlyNever: Bool) throws -> [String]

  static func real(_ context: FlowContext) -> PasswordResetQueries {
    let (root, brand) = (context.root, context.brand)
    @Sendable func operation(
      _ subdomain: String, _ audience: PasswordResetOperation.Audience, _ onlyNever: Bool
    ) -> PasswordResetOperation {
      PasswordResetOperation(
        ServerReference(root: root, brand: brand), subdomain: subdomain, audience: audience,
        onlyNeverSignedIn: onlyNever)
    }
    return PasswordResetQueries(
      people: { try operation($0, $1, $2).people() }, preview: { try operation($0, .everybody, false).preview() },
      commands: { subdomain, audience, onlyNever in
        let operation = operation(subdomain, audience, onlyNever)
        return try operation.canSend ? [] : operation.serverCommands()
      })
  }
}

enum PasswordResetKey {
  static let organization = OrganizationStep.key
  static let audience: AnswerKey<String> = "audience.who"
  static let address: AnswerKey<String> = "audience.address"
  static let never: AnswerKey<Bool> = "audience.never"

  static let one = "one"
  static let everybody = "everybody"
}

extension Flow {
  /// Lets the server send password reset emails: to one user first, then to all.
  static func passwordResets(_ context: FlowContext, _ queries: PasswordResetQueries) -> Flow {
    let work = WorkSteps("The mailing", context) { resets($0, context) }
    return Flow(
      id: "password-resets", title: "Password resets", badge: context.badge,
      route: { _ in Route(from: context.label) }, commands: work.commands,
      continuations: { continuations($0, context) },
      steps: [
        OrganizationStep(
          heading: "Whose people need new passwords?",
          explanation: [
            .paragraph(
              "An export contains no passwords. After an import people choose new ones, with a link that the server "
                + "mails to them.")
          ],
          help: [
            .paragraph(
              "People can request this mail themselves, with “Forgot your password?” on the sign-in page. Sending it "
                + "to them is more convenient, and tells them the new address."),
            .paragraph("The server's own command sends the mail, with its own text."),
          ],
          disabled: { $0.isDeactivated ? "it is deactivated: sign-in is disabled" : nil },
          nothing: "there is no active organization on this server"
        ).step(context),
        audience, people(queries), preview(queries), work.checks(),
        work.review(heading: "Ready to send?", proceed: "Send the mail"),
        work.run(
          "Mail", heading: { "Sending mail to people of \($0.label(Key.organization))" },
          help: [.paragraph("Stopping leaves the rest unsent. Mail that was sent cannot be recalled.")]),
        work.result { isTest($0) ? "The test mail is sent" : "Password resets are sent" },
      ])
  }

  private typealias Key = PasswordResetKey

  @Sendable private static func isTest(_ answers: Answers) -> Bool { answers.given(Key.audience) != Key.everybody }

  private static func asked(
    _ answers: Answers
  ) -> (subdomain: String, audience: PasswordResetOperation.Audience, onlyNever: Bool) {
    let isTest = isTest(answers)
    return (
      answers[Key.organization],
      isTest ? .addresses([answers[Key.address]]) : .everybody,
      !isTest && answers[Key.never]
    )
  }

  // MARK: To whom

  private static let audience = Step(
    "audience", "To whom", heading: { _ in "Who gets the mail?" },
    explanation: { _ in
      [.paragraph("Send it to one address first, preferably your own, to see whether it arrives and what it says.")]
    },
    help: [
      .paragraph(
        "The server's manual recommends this order: a mail server that is configured wrongly then fails for one "
          + "address, not for a thousand."),
      .paragraph(
        "People who have not signed in here yet have no password here. People who have signed in have one, and need "
          + "no mail."),
    ],
    fields: { _ in
      [
        Field(
          "who", "The mail goes to", name: "Mail goes to",
          .choice([
            .init(Key.one, "one address, as a test", "Best your own.", recommended: true),
            .init(Key.everybody, "everybody", "After the test."),
          ])),
        Field(
          "address", "Address", name: "Address", .text(placeholder: ""), isVisible: isTest,
          hint: { _ in "The address of a member of the organization." },
          check: { AnswerCheck.address($0[Key.address]) }),
        Field(
          "never", "Of everybody", name: "Of them",
          .yesNo(
            yes: .init(
              "yes", "only people who have not signed in here yet", "Right after an import.", recommended: true),
            no: .init("no", "also who has", "If everybody should choose a new one.")),
          isVisible: { !isTest($0) }),
      ]
    }, decides: [.people])

  @Sendable private static func fingerprint(_ answers: Answers) -> String { "\(asked(answers))" }

  private static func people(_ queries: PasswordResetQueries) -> Step {
    Step(
      "people", "People", heading: { _ in "Who gets mail, and who does not?" },
      explanation: { _ in [.paragraph("Nothing has been sent yet.")] },
      help: [
        .paragraph(
          "People who sign in by other methods (LDAP, GitHub, SAML and others) need no password. They get the mail "
            + "too if the organization also allows passwords; tell them that they can ignore it."),
        .paragraph("Bots get no mail: they have no password, and need their new API keys instead."),
      ],
      lookup: Lookup("Looking for people", key: fingerprint) { answers, _ in
        let (subdomain, audience, onlyNever) = asked(answers)
        let people = try queries.people(subdomain, audience, onlyNever)
        var result = LookupResult(facts: PasswordResetFacts.of(people))
        if !people.contains(where: \.getsMail) {
          result.findings = [
            Finding(
              .blocker, "people", people.first?.reason.map { "no one gets mail: \($0)" } ?? "no one gets mail",
              remedy: "go back and choose others")
          ]
        }
        let commands = try queries.commands(subdomain, audience, onlyNever)
        if !commands.isEmpty {
          result.text =
            [.paragraph("The server's manage.py is not on this machine. Run this where the server is:")]
            + commands.map { .command($0) }
        }
        return result
      })
  }

  // MARK: What it says

  private static func preview(_ queries: PasswordResetQueries) -> Step {
    Step(
      "preview", "The mail", heading: { _ in "What will they see?" },
      explanation: { _ in [.paragraph("The text is the server's own; this is its content.")] },
      help: [
        .paragraph(
          "Announce the mail beforehand: an unexpected mail that asks for a new password looks like "
            + "fraud.")
      ],
      lookup: Lookup("Looking at the settings", key: { $0[Key.organization] }) { answers, _ in
        LookupResult(text: try queries.preview(answers[Key.organization]).map { .point($0) })
      })
  }

  // MARK: What it comes to

  @Sendable private static func resets(_ answers: Answers, _ context: FlowContext) -> PasswordResetOperation {
    let (subdomain, audience, onlyNever) = asked(answers)
    return PasswordResetOperation(
      context.server, subdomain: subdomain, audience: audience, onlyNeverSignedIn: onlyNever)
  }

  @Sendable private static func continuations(_ answers: Answers, _ context: FlowContext) -> [Continuation] {
    guard let which = answers[Key.organization.name] else { return [] }
    func again(_ title: String, _ audience: String) -> Continuation {
      Continuation(
        title,
        context.destination(
          "password-resets", given: [Key.organization.name: which, Key.audience.name: .text(audience)]))
    }
    return isTest(answers)
      ? [again("Now all of them", Key.everybody), again("Another test", Key.one)] : []
  }
}

/// The recipients and the excluded users, as names and values.
enum PasswordResetFacts {
  /// The number of listed users; the command line lists all.
  private static let most = 200

  static func of(_ people: [PasswordResetQueries.Person]) -> [Summary.Fact] {
    let receivers = people.filter(\.getsMail)
    var facts = [Summary.Fact("Get mail", Amount.of(Int64(receivers.count), "person", "people"))]
    if receivers.count > 1 { facts.append(Summary.Fact("Rate", "one after another, without a pause")) }
    let others = Dictionary(grouping: receivers.filter { $0.reason != nil }) { $0.reason ?? "" }
    for (reason, group) in others.sorted(by: { $0.key < $1.key }) {
      facts.append(Summary.Fact("Of them", "\(Amount.count(Int64(group.count))): \(reason)"))
    }
    let without = Dictionary(grouping: people.filter { !$0.getsMail }) { $0.reason ?? "" }
    for (reason, group) in without.sorted(by: { $0.key < $1.key }) {
      facts.append(Summary.Fact("No mail", "\(Amount.count(Int64(group.count))): \(reason)"))
    }
    facts += people.prefix(most).map { person in
      let mail = person.getsMail ? person.name : "no mail: \(person.reason ?? "")"
      return Summary.Fact("  \(person.address)", mail)
    }
    if people.count > most { facts.append(Summary.Fact("  and more", Amount.count(Int64(people.count - most)))) }
    return facts
  }
}
