import CSystem
import Glibc

/// The meaning of an errno value, and its remedy.
public enum SystemError {
  public static func text(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let start = buffer.baseAddress, csystem_error_text(code, start, UInt(buffer.count)) == 0 else {
        return "error \(code)"
      }
      return String(cString: start)
    }
  }

  public static func remedy(_ code: Int32) -> String? {
    switch code {
    case ENOSPC, EDQUOT: "free some space on that file system, then run it again"
    case EACCES, EPERM: "run it as root or as the user who owns it"
    case ENOENT: "check the path"
    case EROFS: "choose a folder on a writable file system"
    case ELOOP: "replace the symbolic link on that path by a real folder"
    default: nil
    }
  }
}
