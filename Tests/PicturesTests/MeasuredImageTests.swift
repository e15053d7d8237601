import Fuzzing
import Testing

@testable import Pictures

@Suite("An image is measured without being decoded")
struct MeasuredImageTests {
  private func measured(_ bytes: [UInt8]) -> [Int]? {
    MeasuredImage(bytes).map { [$0.width, $0.height, $0.frames] }
  }

  private func canvas(_ width: Int, _ height: Int) -> Canvas { Canvas(width, height) { x, y in Int32(x * 3 + y) } }

  @Test("The size of a still image is that of its header")
  func stills() {
    for format in [PictureHeader.Format.png, .jpeg, .gif, .webp] {
      #expect(measured(canvas(37, 21).file(format)) == [37, 21, 1], "\(format)")
    }
  }

  @Test("An upright photograph has its width and height exchanged")
  func orientation() {
    let jpeg = canvas(37, 21).file(.jpeg)
    for turn in UInt8(1)...8 {
      let expected = turn < 5 ? [37, 21, 1] : [21, 37, 1]
      #expect(measured(jpeg.held(turn, littleEndian: turn % 2 == 0)) == expected, "\(turn)")
      #expect(
        measured(ImageFiles.tiff(pages: [(37, 21, Int(turn))], isLittle: turn % 2 == 0)) == expected, "TIFF \(turn)")
    }
  }

  @Test("Pictures of an animation are counted")
  func animations() {
    #expect(measured(Canvas.animation((0..<3).map { _ in canvas(20, 30) })) == [20, 30, 3])
    #expect(measured(ImageFiles.animatedWebP(width: 20, height: 30, frames: 5)) == [20, 30, 5])
  }

  @Test("A GIF that is cut off has the pictures that begin before the cut")
  func cutGIF() {
    let whole = Canvas.animation((0..<3).map { _ in canvas(20, 30) })
    #expect(measured(Array(whole.prefix(whole.count / 2)))?.last == 2)
    #expect(measured(Array(whole.prefix(14))) == nil)
  }

  @Test("The screen size in a GIF is ignored if its frames are larger")
  func screens() {
    var bytes = canvas(20, 30).file(.gif)
    bytes.replaceSubrange(6..<10, with: [0x80, 0x02, 0xE0, 0x01])
    #expect(measured(bytes) == [20, 30, 1])
    bytes.replaceSubrange(6..<10, with: [0x81, 0x02, 0xE0, 0x01])
    #expect(measured(bytes) == [641, 480, 1])
  }

  @Test("Pages of a TIFF are counted, whatever the order of its bytes and the size of its offsets")
  func tiff() {
    for isLittle in [true, false] {
      for isBig in [true, false] {
        let pages = [(50, 40, 1), (10, 10, 1), (20, 20, 1)]
        #expect(measured(ImageFiles.tiff(pages: pages, isLittle: isLittle, isBig: isBig)) == [50, 40, 3])
      }
    }
    var circle = ImageFiles.tiff(pages: [(50, 40, 1)], isLittle: true)
    circle.replaceSubrange(circle.count - 4..<circle.count, with: [8, 0, 0, 0])
    #expect(measured(circle) == [50, 40, 1])
  }

  @Test("HEIC and AVIF are rotated and cropped by their own properties")
  func heif() {
    for brand in ["heic", "avif", "mif1"] {
      #expect(measured(ImageFiles.heif(brand, width: 64, height: 48)) == [64, 48, 1])
      #expect(measured(ImageFiles.heif(brand, width: 64, height: 48, angle: 2)) == [64, 48, 1])
      #expect(measured(ImageFiles.heif(brand, width: 64, height: 48, angle: 3)) == [48, 64, 1])
      #expect(measured(ImageFiles.heif(brand, width: 64, height: 48, cut: (60, 40))) == [60, 40, 1])
    }
    #expect(measured(ImageFiles.heif("isom", width: 64, height: 48)) == nil)
    #expect(measured(Array(ImageFiles.heif("avif", width: 64, height: 48).dropLast(2))) == nil)
  }

  @Test("Formats without previews are not measured")
  func others() {
    let svg = Array("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>".utf8)
    for bytes in [[], [0x89], Array("not an image".utf8), svg, canvas(5, 5).file(.bmp)] {
      #expect(measured(bytes) == nil)
    }
    for format in [PictureHeader.Format.png, .jpeg, .gif, .webp] {
      #expect(measured(Array(canvas(37, 21).file(format).prefix(12))) == nil, "\(format)")
    }
  }

  @Test("Images with more pixels than the server decodes are not measured")
  func bombs() {
    func page(_ width: Int, _ height: Int, pages: Int = 1) -> [Int]? {
      let pages = (0..<pages).map { _ in (width, height, 1) }
      return measured(ImageFiles.tiff(pages: pages, isLittle: true))
    }
    #expect(page(9000, 10_000) == [9000, 10_000, 1])
    #expect(page(9001, 10_000) == nil)
    #expect(page(3000, 5000, pages: 2) == [3000, 5000, 2])
    #expect(page(3000, 3334, pages: 3) == nil)
    #expect(page(65_535, 65_535) == nil)
  }

  @Test("Any bytes are measured or refused without a crash")
  func mutated() throws {
    let corpus =
      [PictureHeader.Format.png, .jpeg, .gif, .webp].map { canvas(37, 21).file($0) }
      + [
        canvas(37, 21).file(.jpeg).held(6, littleEndian: true), Canvas.animation((0..<3).map { _ in canvas(9, 9) }),
        ImageFiles.animatedWebP(width: 20, height: 30, frames: 3),
        ImageFiles.tiff(pages: [(50, 40, 1), (10, 10, 6)], isLittle: true),
        ImageFiles.tiff(pages: [(50, 40, 1), (10, 10, 6)], isLittle: false, isBig: true),
        ImageFiles.heif("avif", width: 64, height: 48, angle: 1, cut: (5, 5)),
      ]
    let tokens = ["ispe", "irot", "ipma", "iloc", "VP8X", "ANMF", "IHDR", "IDAT", "Exif\0\0II*\0"]
    try Fuzz("measured images", corpus: corpus, tokens: tokens).run(4000) { bytes in
      guard let image = MeasuredImage(bytes) else { return }
      try hold(image.width > 0 && image.height > 0 && image.frames > 0, "\(image)")
      try hold(image.width <= MeasuredImage.maximalPixels / image.height, "\(image)")
    }
  }
}
