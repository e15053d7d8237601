import Remote

/// What a program says that pretends to be this one.
enum PeerGreeting {
  static let line = PeerHello.own.line
}
