import CSystem
import Glibc

extension FileSystem {
  /// Opens `path` below an open folder, without following links and without leaving the folder.
  ///
  /// - Returns: a descriptor, or -1 with `errno`.
  public static func openBeneath(_ folder: Int32, _ path: String, _ flags: Int32, mode: mode_t = 0o600) -> Int32 {
    csystem_open_beneath(folder, path, flags, mode)
  }

  /// Creates a file in `folder` without a name, which ``name(_:_:)`` can set. Without a name it disappears with the
  /// process.
  ///
  /// - Returns: a descriptor, or -1 with `errno`: `EOPNOTSUPP` if the file system does not support it.
  public static func nameless(in folder: String) -> Int32 { csystem_nameless_file(folder) }

  /// Names an unnamed file; returns false with `errno` on failure: `EEXIST` if the name is in use.
  public static func name(_ descriptor: Int32, _ path: String) -> Bool { csystem_name_file(descriptor, path) == 0 }

  /// Renames without overwriting; returns false with `errno` on failure.
  public static func renameNew(_ from: String, to path: String) -> Bool { csystem_rename_new(from, path) == 0 }

  /// Creates a temporary file in `folder` that never gets a name. Returns a descriptor, or -1 with `errno`.
  public static func scratch(in folder: String) -> Int32 { csystem_unnamed_file(folder) }
}
