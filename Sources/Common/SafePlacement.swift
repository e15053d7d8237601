import CSystem
import Glibc

extension FileSystem {
  /// Opens `path` below an open folder, following no symbolic link on the way and never leaving the folder.
  ///
  /// - Returns: a descriptor, or -1 with `errno`.
  public static func openBeneath(_ folder: Int32, _ path: String, _ flags: Int32, mode: mode_t = 0o600) -> Int32 {
    csystem_open_beneath(folder, path, flags, mode)
  }

  /// A file in `folder` without a name, which ``name(_:_:)`` can give it. Dies with the process that never named it.
  ///
  /// - Returns: a descriptor, or -1 with `errno`: `EOPNOTSUPP` where the file system knows no such files.
  public static func nameless(in folder: String) -> Int32 { csystem_nameless_file(folder) }

  /// Gives a nameless file its name; false with `errno` where that fails: `EEXIST` where the name is taken.
  public static func name(_ descriptor: Int32, _ path: String) -> Bool { csystem_name_file(descriptor, path) == 0 }

  /// Renames, but never over something that exists; false with `errno` where that fails.
  public static func renameNew(_ from: String, to path: String) -> Bool { csystem_rename_new(from, path) == 0 }

  /// A file in `folder` that never gets a name: scratch space. A descriptor, or -1 with `errno`.
  public static func scratch(in folder: String) -> Int32 { csystem_unnamed_file(folder) }
}
