import Common
import Operations
import Server

/// Asks the server to generate previews of imported images, through its queue and workers.
///
/// Nothing is lost if the server cannot be asked: it generates a preview when an image is first viewed. Only messages
/// that were exported before their preview existed show a placeholder until then.
struct PreviewQueue {
  let installation: Installation
  let progress: Progress
  /// The folder where the list of images is left for the operator to pass on; nil: no list is left.
  let folder: String?

  private static let queue = "thumbnail"

  /// - Returns: the next step for the operator, if the server could not be asked.
  func add(_ images: [Int64]) -> String? {
    guard !images.isEmpty else { return nil }
    let events = images.map { "{\"id\":\($0)}\n" }.joined()
    let script = ServerScripts.Script.enqueue(Self.queue, events)
    let scripts = ServerScripts(installation)
    if scripts.isHere(script) {
      do {
        try progress.phase(ImportOperation.Phase.previews) { _ in
          try scripts.run(script, progress: .silent)
        }
        return nil
      } catch {
        progress.warn("The server did not take images to make previews of: \(Self.text(error))")
      }
    }
    let count = Amount.of(Int64(images.count), "image")
    let lazily = "The server makes the previews (thumbnails) of \(count) when they are first viewed"
    guard let folder, (try? FileSystem.replace("\(folder)/previews.jsonl", with: Array(events.utf8))) != nil else {
      return lazily
    }
    return
      "\(lazily); to make them now: \(scripts.commandLine(script)) < \(ShellWord.quoted("\(folder)/previews.jsonl"))"
  }

  private static func text(_ error: any Error) -> String {
    (error as? any Failure).map { "\($0.subject): \($0.reason)" } ?? String(describing: error)
  }
}
