import CSystem
import Common
import Glibc

/// The facts about another machine that decide whether and how this program runs there.
public struct RemoteMachine: Sendable, Equatable {
  /// The kind of processor, as `uname -m` prints it.
  public let processor: String
  public let system: String
  /// The version of GNU libc, for example "2.36"; nil: another library.
  public let libc: String?
  let userID: Int
  /// The owner of the server's root folder; nil if there is no such folder, or the user may not see it.
  let rootOwner: Int?
  /// The path of this program in the search path there; nil if it is not installed.
  let program: String?
  /// What that program says of itself; nil if it does not answer, for example an older version.
  let hello: PeerHello?
  /// Whether sudo works without a password; nil if there is no sudo.
  let canSudo: Bool?

  /// A script for any POSIX shell, which prints one `name=value` on a line between two marks: a login script may print
  /// before it.
  static func script(root: String) -> String {
    """
    echo \(begin)
    PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    echo "system=$(uname -s)"
    echo "processor=$(uname -m)"
    echo "user=$(id -u)"
    echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"
    echo "owner=$(stat -L -c %u \(ShellWord.quoted(root)) 2>/dev/null)"
    program=$(command -v \(Program.name))
    echo "program=$program"
    [ -z "$program" ] || echo "hello=$("$program" peer hello 2>/dev/null | head -n 1)"
    if command -v sudo >/dev/null; then
      if sudo -n true 2>/dev/null; then echo sudo=yes; else echo sudo=no; fi
    fi
    echo \(end)

    """
  }

  private static let begin = "ALOHA-WIZARD-BEGIN"
  private static let end = "ALOHA-WIZARD-END"

  /// - Parameter output: of ``script(root:)``.
  /// - Returns: nil if the output is not that of the script.
  init?(_ output: String) {
    let lines = output.split(whereSeparator: \.isNewline)
    guard let begin = lines.firstIndex(where: { $0 == Self.begin }),
      let end = lines[begin...].firstIndex(where: { $0 == Self.end })
    else { return nil }
    var values: [Substring: String] = [:]
    for line in lines[begin..<end] {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, !parts[1].isEmpty { values[parts[0]] = String(parts[1]) }
    }
    guard let processor = values["processor"], let system = values["system"],
      let user = values["user"].flatMap(Int.init)
    else { return nil }
    self.processor = SafeText.clean(processor, limit: .short)
    self.system = SafeText.clean(system, limit: .short)
    userID = user
    // "glibc 2.36"
    libc = values["libc"].flatMap { text in
      text.hasPrefix("glibc ") ? SafeText.clean(text.dropFirst(6), limit: .short) : nil
    }
    rootOwner = values["owner"].flatMap(Int.init)
    program = values["program"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    hello = values["hello"].flatMap { PeerHello(line: $0) }
    canSudo = values["sudo"].map { $0 == "yes" }
  }

  /// The version of this program there; nil if it is not installed, or does not say it.
  public var version: String? { hello.map { SafeText.clean($0.program, limit: .short) } }
  /// Whether a program of this name is installed there, of whatever version.
  public var hasProgram: Bool { program != nil }

  /// Returns why this machine's program cannot run there; nil if nothing is known that prevents it.
  public func obstacle(to own: RemoteMachine = .own) -> String? {
    guard system == own.system, processor == own.processor else {
      return "this program is for \(own.system) on \(own.processor), and the machine has \(system) on \(processor)"
    }
    guard let libc else { return "the machine has no GNU libc" }
    guard let needed = own.libc, Self.number(libc).lexicographicallyPrecedes(Self.number(needed)) else { return nil }
    return "this program needs GNU libc \(needed), and the machine has \(libc)"
  }

  private static func number(_ version: String) -> [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }

  /// This machine.
  public static var own: RemoteMachine {
    var names = utsname()
    uname(&names)
    func text<Value>(_ value: Value) -> String {
      withUnsafeBytes(of: value) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return RemoteMachine(
      system: text(names.sysname), processor: text(names.machine), libc: String(cString: csystem_libc_version()))
  }

  private init(system: String, processor: String, libc: String) {
    (self.system, self.processor, self.libc) = (system, processor, libc)
    (userID, rootOwner, program, hello, canSudo) = (Int(geteuid()), nil, nil, nil, nil)
  }

  // MARK: Rights

  /// Whether the user there needs the rights of root for the server: its folder belongs to someone else.
  var needsRoot: Bool { userID != 0 && rootOwner != userID }
}
