import Fuzzing
import Testing

@testable import Pictures

@Suite("Previews of images in messages")
struct ImagePreviewTests {
  private func made(_ bytes: [UInt8]) -> [ImagePreview.File] { bytes.withUnsafeBytes { ImagePreview.make(from: $0) } }

  private func canvas(_ width: Int, _ height: Int) -> Canvas { Canvas(width, height) { x, _ in Int32(x % 200) << 8 } }

  @Test("A preview fits into the server's frame, is never enlarged, and says its size")
  func sizes() throws {
    let expected = [
      ((20, 30), (20, 30)), ((1200, 900), (747, 560)), ((100, 1120), (50, 560)), ((1680, 10), (840, 5)),
    ]
    for (size, result) in expected {
      for format in [PictureHeader.Format.png, .jpeg] {
        let file = try #require(made(canvas(size.0, size.1).file(format)).first)
        #expect([file.width, file.height] == [result.0, result.1])
        #expect(file.name == "840x560.webp")
        let measured = try #require(MeasuredImage(file.bytes))
        #expect([measured.width, measured.height, measured.frames] == [result.0, result.1, 1])
      }
    }
  }

  @Test("A simple animation gets a moving preview and a still one")
  func animation() throws {
    let files = made(Canvas.animation((0..<3).map { _ in canvas(20, 30) }))
    #expect(files.map(\.name) == ["840x560-anim.webp", "840x560.webp"])
    #expect(files.map { MeasuredImage($0.bytes)?.frames } == [3, 1])
  }

  @Test("Images that the server's library handles differently get no preview here")
  func others() {
    let clear = Canvas(20, 20) { x, _ in x < 10 ? Canvas.clear : Canvas.red }
    #expect(made(clear.file(.png)).isEmpty)
    #expect(made(Canvas.halfTransparentGIF(side: 20)).isEmpty)
    #expect(made(canvas(20, 30).file(.jpeg).held(6, littleEndian: true)).isEmpty)
    #expect(made(canvas(20, 30).file(.bmp)).isEmpty)
    #expect(made(Array(canvas(200, 300).file(.png).prefix(200))).isEmpty)
    #expect(made(ImageFiles.animatedWebP(width: 20, height: 30, frames: 2)).isEmpty)
  }

  @Test("The first picture of an animated WebP is what a still picture is made from")
  func firstFrame() throws {
    let still = canvas(20, 30).file(.webp)
    let moving = WebPFile.animation(
      (0..<2).map { _ in (100, Array(still.dropFirst(12))) }, width: 20, height: 30, loops: 0)
    #expect(MeasuredImage(moving)?.frames == 2)
    let picture = try #require(try SquarePicture.make(from: moving, sides: [64]).first)
    let header = try PictureHeader(picture)
    #expect([header.width, header.height] == [64, 64])
  }

  @Test("Any bytes get a preview or none, without a crash")
  func mutated() throws {
    let tiff = ImageFiles.tiff(pages: [(50, 40, 1)], isLittle: true)
    let corpus =
      [PictureHeader.Format.png, .jpeg, .gif, .webp].map { canvas(37, 21).file($0) }
      + [tiff, Canvas.animation((0..<3).map { _ in canvas(9, 9) })]
    try Fuzz("previews", corpus: corpus, tokens: ["VP8X", "ANMF", "IHDR", "IDAT"]).run(1500) { bytes in
      for file in made(bytes) {
        try hold(file.width <= file.maximalWidth && file.height <= file.maximalHeight, file.name)
      }
    }
  }
}
