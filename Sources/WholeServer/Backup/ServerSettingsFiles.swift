import Common
import Operations
import Server

/// The settings files of a server in a backup, and whether a server can be started with them.
///
/// A server needs `settings.py`, `aloha-secrets.conf` and `aloha.conf`: without the first it does not start, without the
/// second nobody can sign in and no avatar is found, and without the third the machine is configured anew.
struct ServerSettingsFiles {
  /// The content of each file by its name below the settings folder.
  let files: [String: [UInt8]]
  let brand: Brand

  /// - Parameter brand: nil: the brand of the files.
  init(_ files: [String: [UInt8]], brand: Brand?) {
    self.files = files
    self.brand =
      brand ?? Brand.allCases.first {
        files["\($0.rawValue)-secrets.conf"] != nil || files["\($0.rawValue).conf"] != nil
      }
      ?? .aloha
  }

  var settings: SettingsFile? {
    files["settings.py"].map { SettingsFile(String(decoding: $0, as: UTF8.self)) }
  }

  /// The reasons why no server starts with these files, each with the name of its file; empty if one does.
  var faults: [String] { [settingsFault, secretsFault, confFault].compactMap(\.self) }

  private var settingsFault: String? {
    guard let settings else { return "settings.py is not in it" }
    return settings.isEmpty ? "settings.py contains no settings" : nil
  }

  private var secretsFault: String? {
    fault(in: "\(brand.rawValue)-secrets.conf") { conf in
      Secrets(conf)["secret_key"] == nil ? "contains no secret_key" : nil
    }
  }

  private var confFault: String? {
    fault(in: "\(brand.rawValue).conf") { $0.isEmpty ? "contains no settings" : nil }
  }

  private func fault(in name: String, _ judge: (ConfFile) -> String?) -> String? {
    guard let bytes = files[name] else { return "\(name) is not in it" }
    do {
      return try judge(ConfFile(bytes, name: name)).map { "\(name) \($0)" }
    } catch {
      return "\(name) cannot be used: \((error as? any Failure)?.reason ?? "\(error)")"
    }
  }
}
