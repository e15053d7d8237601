import CGD
import Testing

@testable import Pictures

@Suite("A square picture")
struct SquarePictureTests {
  private func square(_ bytes: [UInt8], _ side: Int = 500) throws -> Canvas {
    let files = try SquarePicture.make(from: bytes, sides: [side])
    let file = try #require(files.first)
    #expect(try PictureHeader(file).format == .png)
    let canvas = try #require(Canvas(png: file))
    #expect(canvas.width == side && canvas.height == side)
    return canvas
  }

  private let corners = [Canvas.red, Canvas.green, Canvas.blue, Canvas.white]

  @Test(
    "Every format is read, smaller and larger than the result, and looks the same",
    arguments: [PictureHeader.Format.png, .jpeg, .gif, .webp, .bmp], [64, 700])
  func formats(_ format: PictureHeader.Format, _ side: Int) throws {
    let file = Canvas(corners: corners, side, side).file(format)
    let header = try PictureHeader(file)
    #expect(header.format == format && header.width == side && header.height == side && header.orientation == 1)
    #expect(try square(file).corners == corners)
  }

  @Test(
    "The middle of a picture that is not square is used", arguments: [(900, 300), (300, 900), (4000, 10), (10, 4000)])
  func middle(_ width: Int, _ height: Int) throws {
    let (long, short) = (max(width, height), min(width, height))
    // White outside the middle square; the square has three colors.
    let canvas = Canvas(width, height) { x, y in
      let (along, across) = width > height ? (x - (long - short) / 2, y) : (y - (long - short) / 2, x)
      guard (0..<short).contains(along) else { return Canvas.white }
      return along < short / 2 ? Canvas.red : across < short / 2 ? Canvas.green : Canvas.blue
    }
    let made = try square(canvas.file(.png))
    let expected =
      width > height
      ? [Canvas.red, Canvas.green, Canvas.red, Canvas.blue] : [Canvas.red, Canvas.red, Canvas.green, Canvas.blue]
    #expect(made.corners == expected)
  }

  @Test(
    "A photograph is rotated upright",
    arguments: [
      (1, "RGBW"), (2, "GRWB"), (3, "WBGR"), (4, "BWRG"), (5, "RBGW"), (6, "BRWG"), (7, "WGBR"), (8, "GWRB"),
    ], [true, false])
  func orientation(_ held: (UInt8, String), _ littleEndian: Bool) throws {
    let file = Canvas(corners: corners, 400, 200).file(.jpeg).held(held.0, littleEndian: littleEndian)
    #expect(try PictureHeader(file).orientation == Int(held.0))
    let names: [Character: Int32] = ["R": Canvas.red, "G": Canvas.green, "B": Canvas.blue, "W": Canvas.white]
    #expect(try square(file, 100).corners == held.1.map { names[$0] })
  }

  @Test(
    "Transparent pixels stay transparent, and their color does not bleed", arguments: [PictureHeader.Format.png, .webp])
  func transparency(_ format: PictureHeader.Format) throws {
    // Transparent black beside red.
    let file = Canvas(1000, 1000) { x, _ in x < 503 ? Canvas.red : Canvas.clear }.file(format)
    let made = try square(file)
    #expect(made[100, 250].alpha == 0 && made[400, 250].alpha == 127)
    var edges = 0
    for x in 0..<500 where (1..<120).contains(made[x, 250].alpha) {
      edges += 1
      #expect(made[x, 250].red > 230, "a dark edge at \(x): \(made[x, 250])")
    }
    #expect(edges > 0 || format == .webp)
  }

  @Test("A GIF's transparent color stays transparent")
  func transparentGIF() throws {
    let made = try square(Canvas.halfTransparentGIF(side: 60), 100)
    #expect(made[20, 50].alpha == 0 && made[20, 50].red > 200 && made[80, 50].alpha == 127)
  }

  @Test("An opaque picture gets no alpha channel")
  func opaque() throws {
    let files = try SquarePicture.make(from: Canvas(corners: corners, 50, 50).file(.png), sides: [100])
    // The color type in the PNG header: RGB.
    #expect(files[0][25] == 2)
  }

  @Test("The first frame of an animation is used")
  func animation() throws {
    let frames = [corners, corners.reversed()].map { Canvas(corners: $0, 80, 80) }
    #expect(try square(Canvas.animation(frames)).corners == corners)
  }

  @Test("Fine patterns become grey, not larger patterns")
  func filter() throws {
    let made = try square(Canvas(3000, 3000) { x, y in (x + y) % 2 == 0 ? Canvas.white : 0 }.file(.png), 100)
    for place in stride(from: 5, to: 95, by: 7) {
      #expect((115...140).contains(made[place, 50].red), "\(made[place, 50])")
    }
  }

  @Test("Several sizes are created from one reading, in the requested order")
  func sizes() throws {
    let files = try SquarePicture.make(from: Canvas(corners: corners, 300, 200).file(.jpeg), sides: [500, 100])
    #expect(try files.map { try PictureHeader($0).width } == [500, 100])
    #expect(try files.map { try PictureHeader($0).height } == [500, 100])
  }

  @Test("A logo is reduced to fit, never enlarged, and rotated upright")
  func fitted() throws {
    func size(_ picture: Canvas, _ format: PictureHeader.Format = .png, held: UInt8? = nil) throws -> [Int] {
      var bytes = picture.file(format)
      if let held { bytes = bytes.held(held, littleEndian: true) }
      let header = try PictureHeader(
        bytes.withUnsafeBytes { try FittedPicture.make(from: $0, width: 800, height: 100) })
      #expect(header.format == .png)
      return [header.width, header.height]
    }
    #expect(try size(Canvas(corners: [Canvas.red, Canvas.green, Canvas.blue, Canvas.white], 20, 30)) == [20, 30])
    #expect(try size(Canvas(corners: [Canvas.red, Canvas.green, Canvas.blue, Canvas.white], 1600, 40)) == [800, 20])
    #expect(try size(Canvas(corners: [Canvas.red, Canvas.green, Canvas.blue, Canvas.white], 400, 400)) == [100, 100])
    #expect(
      try size(Canvas(corners: [Canvas.red, Canvas.green, Canvas.blue, Canvas.white], 30, 20), .jpeg, held: 6) == [
        20, 30,
      ])
  }
}
