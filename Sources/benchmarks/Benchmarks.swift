import ArgumentParser

/// Measures operations of the engine on throw-away servers. Run it from a release build:
/// `swift run -c release aloha-benchmark export` (or `import`, `wizard`).
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aloha-benchmark", abstract: "Measures operations on throw-away servers.",
    subcommands: [
      ExportBenchmark.self, ImportBenchmark.self, WizardBenchmark.self, ExportBenchmark.Once.self,
      ImportBenchmark.Once.self,
    ])
}
