/// Splits a simple animation into one file for each frame. Every frame must cover the whole canvas. Other animations
/// are left to the server, and so are those with transparent frames.
enum GIFFrames {
  struct Frame {
    let file: [UInt8]
    let milliseconds: Int
  }

  private static let maximalBytes = 4 << 20

  static func read(_ bytes: UnsafeRawBufferPointer) -> [Frame]? {
    let view = ByteView(bytes)
    guard bytes.count <= maximalBytes, let width = view.little(6, 2), let height = view.little(8, 2),
      let flags = view.byte(10)
    else { return nil }
    let head = 13 + GIFWalk.colors(flags)
    guard head <= bytes.count else { return nil }
    var frames: [Frame] = []
    var place = head
    var milliseconds = 0
    var control: [UInt8] = []
    while let kind = view.byte(place), kind != 0x3B {
      if kind == 0x21 {
        if view.byte(place + 1) == 0xF9 {
          guard let delay = view.little(place + 4, 2) else { return nil }
          milliseconds = delay * 10
        }
        guard let end = GIFWalk.skipBlocks(view, from: place + 2) else { return nil }
        if view.byte(place + 1) == 0xF9 { control = Array(bytes[place..<end]) }
        place = end
      } else {
        guard kind == 0x2C, view.little(place + 1, 2) == 0, view.little(place + 3, 2) == 0,
          view.little(place + 5, 2) == width, view.little(place + 7, 2) == height, let flags = view.byte(place + 9),
          let end = GIFWalk.skipBlocks(view, from: place + 11 + GIFWalk.colors(flags)),
          frames.count < ImagePreview.maximalFrames
        else { return nil }
        frames.append(
          Frame(file: Array(bytes[..<head]) + control + bytes[place..<end] + [0x3B], milliseconds: milliseconds))
        control = []
        milliseconds = 0
        place = end
      }
    }
    return frames
  }
}
