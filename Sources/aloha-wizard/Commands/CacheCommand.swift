import Administration
import ArgumentParser
import Common
import Operations

struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Empty the server's cache.",
    discussion: Examples.after("", "cache flush", "cache flush --root /tmp/aloha-demo/new-server"),
    subcommands: [Flush.self])

  struct Flush: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Empty the cache, so that the server reads everything again from its database.",
      discussion: Examples.after("", "cache flush", "cache flush --dry-run --json"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Show what would be done; change nothing.")
    var dryRun = false

    func run() throws { try output.perform(operation(), dryRun: dryRun) }
    func operation() -> any Operation { FlushCacheOperation(server.reference) }
  }
}
