import Administration
import Common
import Engine
import Operations
import Server

extension Goal {
  static let organizations = Goal(
    "organizations", "Organizations", "close, open, change the address",
    aliases: [
      "close", "open", "address", "deactivate", "reactivate", "reopen", "disable", "enable", "rename", "subdomain",
      "domain", "redirect", "list",
      "sizes", "realm", "archive", "unarchive", "suspend", "URL",
    ]
  ) {
    .organizations($0, .real($0))
  }
}

/// The functions of the engine that only this flow uses. Tests replace them.
struct OrganizationQueries: Sendable {
  /// The number of active sessions.
  var sessions: @Sendable (_ subdomain: String) throws -> Int
  /// Whether the server's command for changing subdomains can be run on this machine.
  var hasCommand: @Sendable () throws -> Bool

  static func real(_ context: FlowContext) -> OrganizationQueries {
    let (root, brand) = (context.root, context.brand)
    return OrganizationQueries(
      sessions: { subdomain in
        try DeleteOrganizationOperation(ServerReference(root: root, brand: brand), .init(subdomain: subdomain))
          .history().activeSessions
      },
      hasCommand: {
        ServerScripts(try Installation(root: root, brand: brand)).isHere(.manage("change_realm_subdomain", []))
      })
  }
}

enum OrganizationsKey {
  static let organization = OverviewStep.key
  static let action = AnswerKey("action.which", unanswered: Action.deactivate)
  static let subdomain: AnswerKey<String> = "address.subdomain"
  static let reserved: AnswerKey<Bool> = "address.reserved"
  static let redirect = AnswerKey("address.redirect", unanswered: true)
  /// The result of a lookup, not an answer.
  static let found = "action.found"

  enum Action: String, AnswerValue { case deactivate, reactivate, subdomain }
}

extension Flow {
  /// Lists the organizations of this server, with actions for each.
  static func organizations(_ context: FlowContext, _ queries: OrganizationQueries) -> Flow {
    let work = WorkSteps("The change", context) { change($0, context) }
    return Flow(
      id: "organizations", title: "Organizations", badge: context.badge, route: { _ in Route(from: context.label) },
      commands: work.commands, continuations: { continuations($0, context) },
      steps: [
        which(context), what(context, queries), address(context), effect(context, queries), work.checks(),
        work.review(heading: "Do it now?", proceed: "Do it now"),
        work.run("Change", heading: { "\(ing(action($0))) \($0.label(Key.organization))" }),
        work.result { answers in
          let name = answers.detail(Key.organization, "name") ?? "The organization"
          return switch action(answers) {
          case .deactivate: "\(name) is deactivated"
          case .reactivate: "\(name) is open again"
          case .subdomain: "\(name) has a new address"
          }
        },
      ])
  }

  private typealias Key = OrganizationsKey

  @Sendable private static func action(_ answers: Answers) -> Key.Action {
    answers[Key.action]
  }

  private static func ing(_ action: Key.Action) -> String {
    switch action {
    case .deactivate: "Deactivating"
    case .reactivate: "Reactivating"
    case .subdomain: "Moving"
    }
  }

  // MARK: Which, and what

  private static func which(_ context: FlowContext) -> Step {
    OverviewStep(
      heading: "These organizations are on this server",
      columns: [.name, .subdomain, .state, .users, .messages, .lastActive],
      explanation: [.paragraph("Choose one to deactivate it, to reactivate it, or to change its subdomain.")],
      help: [
        .paragraph(
          "Users: accounts that can sign in, people and bots. Last seen: the last message, or the last activity of a "
            + "person."),
        .paragraph(
          "A redirect is left at the old address by a change of subdomain: it is empty and redirects browsers. An "
            + "organization that has moved is deactivated with all of its data, and redirects browsers too."
        ),
        .paragraph(
          "Scrubbed: the server has deleted names, addresses, messages and files. Demo: the server deletes it on a "
            + "day that the checks name."
        ),
        .paragraph("To delete one with all of its data, choose “Delete a test import” in the menu."),
      ],
      disabled: { item in
        if case .redirect(let address) = item.organization.state { "it is only a redirect to \(address)" } else { nil }
      },
      proposed: { all in
        all.filter { !$0.organization.isDeactivated }.max { $0.organization.messages < $1.organization.messages }
      },
      showsInternal: false, nothing: "there is no organization on this server yet"
    ).step(context)
  }

  private static func what(_ context: FlowContext, _ queries: OrganizationQueries) -> Step {
    Step(
      "action", "What", heading: { "What should be done with \($0.label(Key.organization))?" },
      explanation: { answers in
        let known = ["users", "messages"].compactMap { answers.detail(Key.organization, $0) }
        let uploads = answers.detail(Key.organization, "uploads").map { "\($0) of uploads" }
        return [
          .paragraph(
            "Id \(answers.detail(Key.organization, "id") ?? ""): "
              + (known + [uploads].compactMap { $0 }).joined(separator: ", ") + ".")
        ]
      },
      help: [
        .paragraph(
          "Deactivation disables sign-in; bots get no answers, no mail is sent. All data is kept, and the "
            + "organization can be reactivated at any time."),
        .paragraph(
          "A new subdomain is a new address. People, apps and bots that have stored the old one need the new one; "
            + "everybody signs in again."),
      ],
      fields: { answers in
        let isClosed = answers.detail(Key.organization, "deactivated") == "yes"
        return [
          Field(
            "which", "What", name: "What is done",
            .choice([
              .init(
                Key.Action.deactivate.rawValue, "Deactivate it", "Sign-in is disabled; all data is kept.",
                disabled: isClosed ? "it is deactivated already" : nil),
              .init(
                Key.Action.reactivate.rawValue, "Reactivate it", "People can sign in again.", recommended: isClosed,
                disabled: isClosed || answers.detail(Key.organization, "state") == nil ? nil : "it is active already"),
              .init(
                Key.Action.subdomain.rawValue, "Change its subdomain",
                "The organization gets another address on "
                  + "this server."),
            ]))
        ]
      },
      lookup: Lookup("Looking for the server's command", key: { _ in context.root }) { _, _ in
        LookupResult(known: [Key.found: ["hasCommand": try queries.hasCommand() ? "yes" : "no"]])
      })
  }

  // MARK: Address

  private static func address(_ context: FlowContext) -> Step {
    let question = SubdomainQuestion(
      key: Key.subdomain, reservedKey: Key.reserved, title: "New subdomain", root: { _ in context.root },
      host: { _ in context.label }, present: { $0.given(Key.organization) }, isRename: true)
    return Step(
      "address", "Address", heading: { _ in "What is its new subdomain?" },
      explanation: { _ in [.paragraph("Its new address on this server. Empty is the root domain.")] },
      help: [
        .paragraph(
          "The server's own command leaves a deactivated organization at the old address, which redirects browsers "
            + "to the new one. Apps and bots do not follow it. While it exists, the old subdomain is in use."),
        .paragraph("Links to the old address in messages are not changed."),
      ],
      isVisible: { action($0) == .subdomain },
      fields: { answers in
        let isMissing = answers.detail(Key.found, "hasCommand") == "no"
        return question.fields + [
          Field(
            "redirect", "Redirect browsers from the old address?", name: "Redirect",
            .yesNo(
              yes: .init(
                "yes", "Yes, leave a redirect there",
                "Browsers that open the old address are redirected to the new "
                  + "one.",
                recommended: true,
                disabled: isMissing ? "only the server's own command can make one, and it is not here" : nil),
              no: .init("no", "No", "The old address is free again at once.")))
        ]
      }, lookup: question.lookup(context.engine), decides: [.subdomain])
  }

  // MARK: What it means

  private static func effect(_ context: FlowContext, _ queries: OrganizationQueries) -> Step {
    Step(
      "effect", "Effect", heading: { _ in "What will people see?" },
      explanation: { effects($0) },
      help: [.paragraph("Tell people beforehand. All sessions end: everybody has to sign in again.")],
      lookup: Lookup("Counting", key: { $0[Key.organization] }) { answers, _ in
        let sessions = try queries.sessions(answers[Key.organization])
        return LookupResult(facts: [
          Summary.Fact("Signed in now", sessions == 0 ? "nobody" : Amount.of(Int64(sessions), "session")),
          Summary.Fact("Can sign in", answers.detail(Key.organization, "users") ?? ""),
        ])
      })
  }

  @Sendable private static func effects(_ answers: Answers) -> [TextBlock] {
    switch action(answers) {
    case .deactivate:
      [
        .point("All users are signed out immediately, on all devices."),
        .point("The page at its address says that the organization is deactivated."),
        .point("Bots and other programs are refused. Pending mail is discarded."),
        .point("Nothing is deleted: after a reactivation everything is back."),
      ]
    case .reactivate:
      [
        .point("People can sign in again, with the password that they had."),
        .point("Ended sessions are not restored: everybody has to sign in once. API keys of bots work as before."),
        .point("Mail that was discarded by the deactivation is not sent."),
      ]
    case .subdomain:
      [
        .point("All users are signed out, and sign in at the new address."),
        answers.given(Key.redirect) == false
          ? .point("The old address no longer works.")
          : .point("Browsers are redirected from the old address. Apps and bots are not."),
        .point("Apps on phones and desktops need the new address, and so does every bot."),
        .point("Sign-in methods that are bound to the address (SAML, OpenID Connect, GitHub …) need the new one too."),
      ]
    }
  }

  // MARK: What it comes to

  @Sendable private static func change(_ answers: Answers, _ context: FlowContext) -> any Operation {
    let subdomain = answers[Key.organization]
    switch action(answers) {
    case .deactivate: return DeactivateOperation(context.server, subdomain: subdomain)
    case .reactivate: return ReactivateOperation(context.server, subdomain: subdomain)
    case .subdomain:
      let new = answers[Key.subdomain]
      return ChangeSubdomainOperation(
        context.server, from: subdomain, to: new, leavesRedirect: answers[Key.redirect],
        allowsReserved: MoveDecisions.isReserved(new) && answers[Key.reserved])
    }
  }

  @Sendable private static func continuations(_ answers: Answers, _ context: FlowContext) -> [Continuation] {
    let all = Continuation("See all organizations", context.destination("organizations"), proposed: false)
    let restart = Continuation("Restart the server", context.destination("server", given: ServerKey.given(.restart)))
    guard action(answers) == .deactivate, let which = answers[Key.organization.name] else { return [restart, all] }
    let back: [String: Answer] = [Key.organization.name: which, Key.action.name: .text(Key.Action.reactivate.rawValue)]
    return [
      restart, Continuation("Open it again", context.destination("organizations", given: back), proposed: false), all,
    ]
  }
}
