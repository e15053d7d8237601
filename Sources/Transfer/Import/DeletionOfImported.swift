import Administration
import Common
import Operations
import Postgres
import Server

/// Deletes an organization that an import has made, as a part of its undo. Another organization that has the subdomain
/// by now stays: the id of the imported one is in the map of ids that the import has left.
package struct DeletionOfImported: Runnable {
  private let server: ServerReference
  private let subdomain: String
  private let recordFolder: String?
  private let deletion: DeleteOrganizationOperation

  /// - Parameter recordFolder: the folder of the import's records where it is not the job's.
  package init(_ server: ServerReference, subdomain: String, recordFolder: String?, _ context: UndoContext) {
    self.server = server
    self.subdomain = subdomain
    self.recordFolder = recordFolder ?? context.recordFolder
    var options = DeleteOrganizationOperation.Options(subdomain: subdomain)
    options.uploads = .ofOrganization
    options.confirmation = subdomain
    options.despiteSignsOfLife = context.despiteSignsOfLife
    deletion = DeleteOrganizationOperation(server, options)
  }

  package func check() throws -> [Finding] {
    try requireImported()
    return try deletion.check()
  }

  package func plan() throws -> Plan { try deletion.plan() }

  package func run(progress: Progress) throws -> Summary {
    try requireImported()
    return try deletion.run(progress: progress)
  }

  /// - Throws: `.blocked` where the organization is not the one that the import has made.
  private func requireImported() throws {
    let installation = try server.installation()
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    guard try recordFolder.flatMap({ try ImportRecord(folder: $0).organization() }) == organization.id else {
      throw PlainFailure(
        .blocked, organization.label, "is not the organization that this job has made",
        remedy: "look at it with: \(installation.command(["organization", "list"])); if you are sure, delete it: "
          + installation.command(["organization", "delete", "-r", subdomain]))
    }
  }
}
