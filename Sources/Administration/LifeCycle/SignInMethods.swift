import Common
import Server

/// The sign-in methods that a server offers, by `AUTHENTICATION_BACKENDS` in settings.py. An organization can allow
/// only these.
struct SignInMethods {
  /// Nil if the settings are not understood: then no method is excluded.
  private let offered: Set<String>?

  /// The server's backend classes and their sign-in methods.
  private static let methods = [
    "EmailAuthBackend": "Email", "LDAPAuthBackend": "LDAP", "RemoteUserBackend": "RemoteUser",
    "GitHubAuthBackend": "GitHub", "GitLabAuthBackend": "GitLab", "GoogleAuthBackend": "Google",
    "AppleAuthBackend": "Apple", "AzureADAuthBackend": "AzureAD", "SAMLAuthBackend": "SAML",
    "GenericOpenIdConnectBackend": "OpenID Connect", "DevAuthBackend": "Dev",
  ]

  init(_ installation: Installation) {
    let path = installation.file(installation.brand.settingsFile)
    let text = (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) }
    let classes = text.flatMap { PythonSettings($0)["AUTHENTICATION_BACKENDS"]?.literal?.texts }
    offered = classes.map { classes in
      Set(
        classes.compactMap { path in
          let name = path.split(separator: ".").last.map(String.init) ?? path
          // Classes of the server have a module name as a prefix.
          return Self.methods.first { name == $0.key || name.hasSuffix($0.key) }?.value
        })
    }
  }

  func isOffered(_ method: String) -> Bool { offered?.contains(method) ?? true }
}
