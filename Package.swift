// swift-tools-version: 6.2
import PackageDescription

// The layers of the product. A target may import what stands below it, never what stands above: the compiler keeps
// the direction that the architecture relies on. Each C library has exactly one importer among them.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let strictC: [CSetting] = [.treatAllWarnings(as: .error), .define("_GNU_SOURCE")]

let package = Package(
  name: "aloha-wizard",
  products: [.executable(name: "aloha-wizard", targets: ["aloha-wizard"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C libraries, and the little C that Swift cannot say.
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // Its pkg-config file passes on flags of other libraries, which SwiftPM refuses with a warning.
    .systemLibrary(name: "CGD", providers: [.apt(["libgd-dev", "libwebp-dev"])]),
    .target(name: "CSystem", cSettings: strictC),
    .target(
      name: "CCurses", cSettings: strictC,
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),

    // What everything stands on: errors, secrets, files, child processes, digests.
    .target(name: "Common", dependencies: ["CSystem", "CCrypto"], swiftSettings: strict),

    .target(name: "Postgres", dependencies: ["Common", "CPostgres"], swiftSettings: strict),
    .target(name: "Archive", dependencies: ["Common", "CArchive", "CZlib"], swiftSettings: strict),
    // A server on another machine: the only part that starts ssh.
    .target(name: "Remote", dependencies: ["Common", "CSystem"], swiftSettings: strict),
    .target(name: "Pictures", dependencies: ["Common", "CGD"], swiftSettings: strict),
    .target(
      name: "Terminal", dependencies: ["Common", "CCurses", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: strict),

    // The engine, from the bottom up: rows of JSON; the contracts of operations; one server with its database, files and
    // programs; the life cycle of organizations, and settings; export and import of one organization; backup and restore
    // of a whole server; jobs, which know every operation.
    .target(name: "JSON", dependencies: ["Common"], swiftSettings: strict),
    .target(name: "Operations", dependencies: ["Common", "Archive"], swiftSettings: strict),
    .target(
      name: "Server", dependencies: ["Common", "Postgres", "Archive", "JSON", "Operations"], swiftSettings: strict),
    .target(
      name: "Administration", dependencies: ["Common", "Postgres", "Archive", "Operations", "Remote", "Server"],
      swiftSettings: strict),
    .target(
      name: "Transfer",
      dependencies: [
        "Common", "Postgres", "Archive", "Pictures", "JSON", "Operations", "Remote", "Server", "Administration",
      ],
      swiftSettings: strict),
    .target(
      name: "WholeServer",
      dependencies: ["Common", "CSystem", "Postgres", "Archive", "Operations", "Server", "Administration", "Transfer"],
      swiftSettings: strict),
    .target(
      name: "Engine",
      dependencies: [
        "Common", "Postgres", "Archive", "Operations", "Remote", "Server", "Administration", "Transfer", "WholeServer",
      ],
      swiftSettings: strict),

    .target(
      name: "Sandbox", dependencies: ["Common", "Postgres", "Operations"], resources: [.copy("Resources")],
      swiftSettings: strict),
    .target(
      name: "Wizard",
      dependencies: [
        "Common", "Operations", "Server", "Administration", "Transfer", "WholeServer", "Engine", "Terminal",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ],
      swiftSettings: strict),

    .executableTarget(
      name: "aloha-wizard",
      dependencies: [
        "Common", "Operations", "Server", "Administration", "Transfer", "WholeServer", "Engine", "Wizard", "Sandbox",
        "Terminal", "Remote", "Archive",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // Measures operations on throw-away servers; it is no product.
    .executableTarget(
      name: "aloha-benchmark",
      dependencies: [
        "Common", "Postgres", "Operations", "Server", "Transfer", "Sandbox", "aloha-wizard",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/benchmarks", swiftSettings: strict),

    // Makes inputs that nobody wrote, for the tests of everything that reads what others wrote.
    .target(name: "CFuzzing", path: "Tests/CFuzzing", cSettings: strictC),
    .target(name: "Fuzzing", dependencies: ["CFuzzing"], path: "Tests/Fuzzing", swiftSettings: strict),

    // An operation that only the tests know, and the program that runs it as a job; it is no product.
    .target(
      name: "ProbeOperations", dependencies: ["Common", "Operations"], path: "Tests/ProbeOperations",
      swiftSettings: strict),
    .executableTarget(
      name: "job-probe", dependencies: ["ProbeOperations", "Common", "Engine"], path: "Tests/JobProbe",
      swiftSettings: strict),

    .testTarget(name: "CommonTests", dependencies: ["Common", "Fuzzing"], swiftSettings: strict),
    .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Sandbox"], swiftSettings: strict),
    // A real sshd on the loopback interface, and the program there.
    .testTarget(
      name: "RemoteTests",
      dependencies: [
        "Remote", "Common", "Administration", "Engine", "Operations", "Sandbox", "Transfer", "aloha-wizard",
      ],
      swiftSettings: strict),
    .testTarget(name: "ArchiveTests", dependencies: ["Archive", "Fuzzing"], swiftSettings: strict),
    .testTarget(
      name: "TerminalTests", dependencies: ["Terminal", "Common", "Fuzzing", "terminal-probe"], exclude: ["Goldens"],
      swiftSettings: strict),
    // A program that the terminal's tests run on a real terminal; it is no product.
    .executableTarget(
      name: "terminal-probe", dependencies: ["Terminal", "Common"], path: "Tests/TerminalProbe", swiftSettings: strict),
    .testTarget(name: "PicturesTests", dependencies: ["Pictures", "CGD", "Fuzzing"], swiftSettings: strict),
    // The program itself is run, and killed, by the engine's tests.
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "JSON", "Operations", "Server", "Administration", "Transfer", "WholeServer", "Engine", "Sandbox", "Pictures",
        "Fuzzing", "ProbeOperations", "job-probe", "aloha-wizard",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    // The program itself is run by the tests of the demo.
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "aloha-wizard"], swiftSettings: strict),
    .testTarget(
      name: "WizardTests", dependencies: ["Wizard", "Engine", "Sandbox", "Fuzzing"], exclude: ["Goldens"],
      swiftSettings: strict),
    // The commands as they are called: their words, their help, their exit codes and their JSON.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "aloha-wizard", "Common", "Operations", "Postgres", "Sandbox", "Transfer", "WholeServer", "Wizard",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(name: "ConformanceTests", dependencies: ["Engine", "Sandbox"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
