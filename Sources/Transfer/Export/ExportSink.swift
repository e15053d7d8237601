import Archive
import Common
import Glibc
import Operations
import Remote

/// Where the archive of an export goes that is not written into a file.
enum ExportSink {
  /// - Throws: `.usage` without a job for the program on another machine to connect to.
  static func make(_ options: ExportOperation.Options, _ progress: Progress) throws -> any ArchiveSink {
    let stream = options.stream ?? .standardOutput
    switch stream {
    case .standardOutput: return OutputSink()
    case .outlet, .plainOutlet:
      guard let folder = options.streamFolder ?? progress.recordFolder else {
        throw PlainFailure(.usage, "stream", "only a job can be read by another machine")
      }
      let outlet = try StreamOutlet("\(folder)/\(StreamOutlet.fileName)", cancellation: progress.cancellation)
      return OutletSink(outlet, takesHead: stream == .outlet)
    }
  }
}

/// Standard output. Written bytes cannot be changed, so the archive has no seal at its beginning.
private final class OutputSink: ArchiveSink {
  let takesHead = false

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try FileSystem.writeAll(STDOUT_FILENO, bytes, path: "standard output")
  }

  func finish(head: [UInt8]) {}
  func abandon() {}
}

private final class OutletSink: ArchiveSink {
  private let outlet: StreamOutlet
  let takesHead: Bool

  init(_ outlet: StreamOutlet, takesHead: Bool) {
    self.outlet = outlet
    self.takesHead = takesHead
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { try outlet.write(bytes) }
  func finish(head: [UInt8]) throws { try outlet.finish(head: head) }
  func abandon() { outlet.close() }
}
