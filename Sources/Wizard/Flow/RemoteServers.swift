import Common
import Engine
import Glibc
import Operations
import Remote
import Synchronization

/// The servers on other machines that the flows of a wizard work with: each is connected once.
final class RemoteServers: Sendable {
  /// Where ssh asks its questions.
  let terminal = TerminalBroker()
  private let sites = Mutex<[RemoteAddress: RemoteSite]>([:])

  /// Returns the server at an address; connects on the first call.
  ///
  /// - Parameter copies: whether this program may be copied there.
  /// - Throws: as ``Remote/RemoteServer/open(_:_:cancellation:)``.
  func site(
    _ text: String, brand: Brand?, copies: Bool = false, cancellation: Cancellation? = nil
  ) throws -> RemoteSite {
    let address = try RemoteAddress(text)
    if let known = sites.withLock({ $0[address] }), known.server.connection.isOpen { return known }
    let site = RemoteSite(try open(address, copies, cancellation), brand: brand)
    sites.withLock { $0[address] = site }
    return site
  }

  private func open(_ address: RemoteAddress, _ copies: Bool, _ cancellation: Cancellation?) throws -> RemoteServer {
    let consent = RemoteServer.Consent(canAsk: false) { _ in copies }
    do {
      return try RemoteServer.open(address, consent, cancellation: cancellation)
    } catch let failure as SSHFailure where failure.cause == .denied || failure.cause == .unknownKey {
      // It may have a question, which only the operator can answer.
      let asked = terminal.lend { () -> Result<Void, any Error> in
        Self.announce(address)
        return Result { try SSHConnection(address).open(canAsk: true) }
      }
      guard let asked else { throw failure }
      try asked.get()
      return try RemoteServer.open(address, consent, cancellation: cancellation)
    }
  }

  /// Says on the normal screen who asks.
  private static func announce(_ address: RemoteAddress) {
    let text = Array("\nssh connects to \(address.label). Answer its questions here; the wizard comes back.\n".utf8)
    _ = text.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  /// Deletes copies of the program on other machines.
  func close() {
    let all = sites.withLock { sites in
      defer { sites = [:] }
      return Array(sites.values)
    }
    for site in all { site.server.close() }
  }
}
