import Operations
import Postgres

/// The rows of a freshly installed server: its internal organization with the system bots.
enum FreshServer {
  static func populate(_ connection: Connection, brand: Brand, now: SampleTime) throws {
    try connection.transaction {
      // As during the restore of a dump: rows come in any order, and triggers do not run.
      try connection.execute("SET LOCAL session_replication_role = replica")
      let loader = RowLoader(connection)
      let clients = ["Internal", "website", "\(brand.title)Mobile", "\(brand.title)Electron"]
      for name in clients { try loader.add("zerver_client", ["name": Cell(name)]) }
      var seed = SystemRandomNumberGenerator()
      let realm = try RealmRows(
        loader, brand: brand, subdomain: brand.internalSubdomain, name: "System bot realm", created: now,
        random: SeededRandom(seed: seed.next()))
      let bots = [
        ("emailgateway", "Email Gateway"), ("nagios-receive-bot", "Nagios Receive Bot"),
        ("nagios-send-bot", "Nagios Send Bot"), ("notification-bot", "Notification Bot"),
        ("welcome-bot", "Welcome Bot"),
      ]
      for (address, name) in bots {
        let bot = try loader.id("zerver_userprofile")
        let email = "\(address)@\(brand.botDomain)"
        _ = try realm.addUser(
          id: bot, name: name, email: email, deliveryEmail: email, role: 400, joined: now,
          [
            "is_bot": true, "bot_type": 1, "bot_owner_id": Cell(bot),
            "can_forge_sender": Cell(address == "emailgateway"),
          ])
      }
      try realm.finish()
      try loader.copy()
      try loader.advanceSequences()
    }
  }
}
