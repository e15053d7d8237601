import Testing

@testable import Pictures

@Suite("Hostile pictures")
struct HostilePictureTests {
  private let formats: [PictureHeader.Format] = [.png, .jpeg, .gif, .webp, .bmp]

  private func cause(_ bytes: [UInt8]) -> PictureFailure.Cause? {
    do {
      _ = try SquarePicture.make(from: bytes, sides: [100])
      return nil
    } catch { return error.cause }
  }

  /// Returns a picture that no format compresses well.
  private func sample(_ format: PictureHeader.Format) -> [UInt8] {
    Canvas(120, 90) { x, y in Int32(truncatingIfNeeded: (x * 7919 + y * 104_729) & 0xFFFFFF) }.file(format)
  }

  @Test("A file that is no picture is refused as such")
  func unknown() {
    for bytes in [[], [0x89], Array("hello".utf8), Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8)] {
      #expect(cause(bytes) == .unknownFormat)
    }
  }

  @Test("A picture that ends early is damaged, wherever it ends")
  func truncated() {
    for format in formats {
      let whole = sample(format)
      #expect(cause(whole) == nil, "\(format)")
      for part in [0.02, 0.2, 0.5, 0.8, 0.97] {
        #expect(cause(Array(whole.prefix(max(12, Int(Double(whole.count) * part))))) == .damaged, "\(format) \(part)")
      }
    }
  }

  @Test("A picture with flipped bits is read or refused without a crash")
  func flipped() {
    var random = SystemRandomNumberGenerator()
    for format in formats {
      let whole = sample(format)
      for _ in 0..<60 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) { bytes[Int.random(in: 0..<min(64, bytes.count), using: &random)] = 0xFF }
        _ = cause(bytes)
      }
    }
  }

  @Test("A small file that claims an enormous size is refused before anything is decoded")
  func bombs() {
    var png = sample(.png)
    png.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    var jpeg = sample(.jpeg)
    let frame = jpeg.indices.first { jpeg[$0] == 0xFF && (0xC0...0xC2).contains(jpeg[$0 + 1]) } ?? 0
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xEA, 0x60, 0xEA, 0x60])
    var gif = sample(.gif)
    gif.replaceSubrange(6..<10, with: [0x60, 0xEA, 0x60, 0xEA])
    // A small canvas with a huge frame.
    var frameOfGIF = sample(.gif)
    let picture = 13 + 3 << (Int(frameOfGIF[10]) & 7 + 1)
    let start = frameOfGIF[picture] == 0x2C ? picture : picture + 8
    frameOfGIF.replaceSubrange(start + 5..<start + 9, with: [0x60, 0xEA, 0x60, 0xEA])
    let webp: [UInt8] =
      Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0, 0, 0, 0, 0]
      + [0x5F, 0xEA, 0, 0x5F, 0xEA, 0]
    var bmp = sample(.bmp)
    bmp.replaceSubrange(18..<26, with: [0x60, 0xEA, 0, 0, 0xA0, 0x15, 0xFF, 0xFF])
    for (name, bomb) in [
      ("png", png), ("jpeg", jpeg), ("gif", gif), ("frame", frameOfGIF), ("webp", webp), ("bmp", bmp),
    ] {
      guard case .tooLarge(let width, let height) = cause(bomb) else {
        Issue.record("\(name): \(String(describing: cause(bomb)))")
        continue
      }
      #expect(width == 60_000 && height == 60_000, "\(name)")
    }
  }

  @Test("Numbers beyond every measure are damage, not a crash")
  func overflow() {
    var png = sample(.png)
    png.replaceSubrange(16..<24, with: [UInt8](repeating: 0xFF, count: 8))
    #expect(cause(png) == .tooLarge(width: 0xFFFF_FFFF, height: 0xFFFF_FFFF))
    png.replaceSubrange(16..<24, with: [UInt8](repeating: 0, count: 8))
    #expect(cause(png) == .damaged)
    var bmp = sample(.bmp)
    bmp.replaceSubrange(22..<26, with: [0, 0, 0, 0x80])
    #expect(cause(bmp) == .tooLarge(width: 120, height: 1 << 31))
  }

  @Test("A photograph with an invalid orientation is not rotated")
  func exif() throws {
    for orientation in [0, 9, 255] as [UInt8] {
      #expect(try PictureHeader(sample(.jpeg).held(orientation, littleEndian: true)).orientation == 1)
    }
    // The offset of the directory is outside the file.
    var file = sample(.jpeg).held(6, littleEndian: true)
    file.replaceSubrange(16..<20, with: [0xFF, 0xFF, 0xFF, 0x7F])
    #expect(try PictureHeader(file).orientation == 1)
  }

  @Test("A picture with a thousand scans is refused")
  func scans() {
    var file = sample(.jpeg)
    file.removeLast(2)
    for _ in 0..<1000 { file += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0] }
    #expect(cause(file + [0xFF, 0xD9]) == .damaged)
  }
}
