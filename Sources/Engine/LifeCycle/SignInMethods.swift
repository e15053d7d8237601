import Common

/// The ways to sign in that a server offers, as `AUTHENTICATION_BACKENDS` of its settings.py says. An organization can
/// allow more than that; what the server does not offer does not count.
struct SignInMethods {
  /// Nil where the settings do not say it in a form that is understood: then nothing is ruled out.
  private let offered: Set<String>?

  /// What the server's classes are called, and the methods that they stand for.
  private static let methods = [
    "EmailAuthBackend": "Email", "LDAPAuthBackend": "LDAP", "RemoteUserBackend": "RemoteUser",
    "GitHubAuthBackend": "GitHub", "GitLabAuthBackend": "GitLab", "GoogleAuthBackend": "Google",
    "AppleAuthBackend": "Apple", "AzureADAuthBackend": "AzureAD", "SAMLAuthBackend": "SAML",
    "GenericOpenIdConnectBackend": "OpenID Connect", "DevAuthBackend": "Dev",
  ]

  init(_ installation: Installation) {
    let path = installation.root + installation.brand.settingsFile
    let text = (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) }
    let classes = text.flatMap { PythonSettings($0)["AUTHENTICATION_BACKENDS"]?.literal?.texts }
    offered = classes.map { classes in
      Set(
        classes.compactMap { path in
          let name = path.split(separator: ".").last.map(String.init) ?? path
          // The server's own classes carry its name in front.
          return Self.methods.first { name == $0.key || name.hasSuffix($0.key) }?.value
        })
    }
  }

  func isOffered(_ method: String) -> Bool { offered?.contains(method) ?? true }
}
