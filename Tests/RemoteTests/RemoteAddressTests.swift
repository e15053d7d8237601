import Common
import Testing

@Suite("Addresses of servers on other machines")
struct RemoteAddressTests {
  @Test(
    "Each part of an address is read, and equal addresses have equal texts",
    arguments: [
      ("ssh://chat.example.com", "ssh://chat.example.com", "/"),
      ("ssh://chat.example.com/", "ssh://chat.example.com", "/"),
      ("ssh://root@chat:2222/srv//old/./server/", "ssh://root@chat:2222/srv/old/server", "/srv/old/server"),
      ("ssh://[fd00::1]:22/x", "ssh://[fd00::1]:22/x", "/x"), ("ssh://[fd00::1]", "ssh://[fd00::1]", "/"),
      ("ssh://h/a%20b'c", "ssh://h/a b'c", "/a b'c"), ("ssh://h/100%", "ssh://h/100%25", "/100%"),
      ("ssh://h/100%25", "ssh://h/100%25", "/100%"), ("ssh://h/ü", "ssh://h/ü", "/ü"),
    ])
  func parts(_ text: String, _ normalized: String, _ root: String) throws {
    let address = try RemoteAddress(text)
    #expect(address.text == normalized)
    #expect(address.root == root)
    #expect(try RemoteAddress(address.text) == address)
  }

  @Test(
    "An address that ssh or a shell could misunderstand is refused",
    arguments: [
      "ssh://", "ssh:///srv", "ssh://-oProxyCommand=x/srv", "ssh://-l@host", "ssh://@host", "ssh://ho st",
      "ssh://host;reboot", "ssh://host:0", "ssh://host:65536", "ssh://host:x", "ssh://host:", "ssh://[fd00::1]22",
      "ssh://host/a\u{1B}b", "ssh://host/%0A", "/srv", "ssh://ho$t", "ssh://us'er@host",
    ])
  func refused(_ text: String) {
    #expect(throws: PlainFailure.self) { try RemoteAddress(text) }
  }
}
