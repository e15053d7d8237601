import Common
import Testing

@Suite("Rules for typed values")
struct InputRuleTests {
  @Test("A host name is accepted with an optional port only")
  func hostName() {
    for good in ["chat.example.com", "chat", "10.0.0.1", "chat.example.com:8443", "xn--caf-dma.example"] {
      #expect(InputRule.hostName(good) == nil, "\(good)")
    }
    for bad in [
      "", "http://bad host/", "bad host", "Chat.example.com", "-a.b", "a-.b", "a..b", ".a", "a.", "a:", "a:0",
      "a:70000",
      "a:+80", "a:1:2", "a'b", "a\nb", "[::1]", String(repeating: "a", count: 64),
      String(repeating: "a.", count: 150) + "a",
    ] {
      #expect(InputRule.hostName(bad) != nil, "\(bad)")
    }
  }

  @Test("An email address has two parts without special characters")
  func address() {
    for good in ["a@b", "first.last+tag@example.com", "o'neil@example.com"] {
      #expect(InputRule.address(good) == nil, "\(good)")
    }
    for bad in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b,c@d", "<a@b>", "a@b\n", "a@b;c"] {
      #expect(InputRule.address(bad) != nil, "\(bad)")
    }
    #expect(InputRule.mailbox("root") == nil && InputRule.mailbox("ops@example.com") == nil)
    for bad in ["", "-t", "a b", "root;rm", "root\n", "$(x)@y", "%@x"] {
      #expect(InputRule.mailbox(bad) != nil, "\(bad)")
    }
  }

  @Test("A time consists of an hour and a minute")
  func time() {
    #expect(InputRule.clock("03:30")?.hour == 3 && InputRule.clock("3:05")?.minute == 5)
    for bad in ["", "3", "3:5", "24:00", "03:60", "-1:30", "+3:30", "03:30:00", "03:3x", " 03:30", "003:30"] {
      #expect(InputRule.time(bad) != nil, "\(bad)")
    }
  }

  @Test("A path contains no control characters")
  func path() {
    #expect(InputRule.path("a b/ü%$") == nil && InputRule.absolutePath("/a") == nil)
    for bad in ["", "/a\nb", "/a\u{1B}[2J", "/a\u{85}b", "/a\u{7F}"] { #expect(InputRule.path(bad) != nil) }
    #expect(InputRule.absolutePath("a") != nil)
    #expect(InputRule.archive("/a.tar.gz") == nil && InputRule.archive("/a.zip") != nil)
    #expect(InputRule.archive("/a.tar.gz.age", isEncrypted: true) == nil)
    #expect(InputRule.archive("/a.tar.gz", isEncrypted: true) != nil && InputRule.archive("/a.tar.gz.age") != nil)
  }

  @Test("A number consists of digits and is within its range")
  func number() {
    #expect(InputRule.number("7", 0...9) == 7 && InputRule.number("007", 0...9) == 7)
    for bad in ["", "-1", "+1", "1.0", "10", "99999999999999999999", "１"] {
      #expect(InputRule.number(bad, 0...9) == nil, "\(bad)")
    }
  }
}
