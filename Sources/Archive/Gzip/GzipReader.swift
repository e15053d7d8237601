import CZlib
import Common
import Glibc

/// Unpacks gzip with all checks: checksum and length of each member, the checksum of this program's files, and the
/// absence of data after the end.
final class GzipReader: ByteSource {
  /// The maker of the file by its header.
  enum Origin: Equatable {
    /// This program: the checksum is compared at the end.
    case sealed(GzipSeal)
    /// Another program.
    case foreign
    /// A comment like this program's without a valid checksum: foreign, or damaged.
    case doubtful
  }

  private let file: any ByteSource
  private let limits: Limits
  private var stream = z_stream()
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
  private var inputStart = 0
  private var inputEnd = 0
  private var unpacked: Int64 = 0

  private var checksum: UInt = 0
  private var memberSize: Int64 = 0
  private var members = 0
  /// The number of empty members.
  private var emptyMembers = 0
  private var isInside = false
  private var isFinished = false

  private(set) var origin = Origin.foreign
  private var sealDigest: Digest?

  init(_ file: any ByteSource, limits: Limits) throws {
    self.file = file
    self.limits = limits
    guard zlib_inflate_raw_init(&stream) == Z_OK else {
      throw PlainFailure(.unexpected, "zlib", "cannot be started: out of memory")
    }
  }

  deinit {
    inflateEnd(&stream)
    input.deallocate()
  }

  private static let mostEmptyMembers = 1000

  var path: String { file.path }

  /// The number of consumed packed bytes.
  var position: Int64 { file.position - Int64(inputEnd - inputStart) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while !isFinished {
      if !isInside { try beginMember() }
      let count = try inflateSome(into: buffer)
      if count > 0 { return count }
    }
    return 0
  }

  /// Returns the unpacked size by the checksum record or the last member. Not trustworthy: it only allows an early
  /// check of the disk space.
  static func claimedSize(of descriptor: Int32, path: String, size: Int64) -> Int64 {
    var head = [UInt8](repeating: 0, count: GzipSeal.headerSize)
    guard pread(descriptor, &head, head.count, 0) == head.count else { return 0 }
    if let seal = GzipSeal(header: head) { return min(seal.size, 1 << 60) }
    var tail = [UInt8](repeating: 0, count: 4)
    guard size > 4, pread(descriptor, &tail, 4, off_t(size) - 4) == 4 else { return 0 }
    return tail.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }

  /// Returns the unpacked size of a stream, whose end is unknown: 0 without a checksum record.
  static func claimedSize(head: [UInt8]) -> Int64 { GzipSeal(header: head).map { min($0.size, 1 << 60) } ?? 0 }

  // MARK: One member

  private func inflateSome(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let room = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    stream.next_out = room
    stream.avail_out = UInt32(buffer.count)
    var ended = false
    while stream.avail_out > 0 && !ended {
      if inputStart == inputEnd { try refill() }
      guard inputStart < inputEnd else { throw damaged("it ends in the middle, at byte \(file.position)") }
      stream.next_in = next
      stream.avail_in = UInt32(inputEnd - inputStart)
      let code = inflate(&stream, Z_NO_FLUSH)
      inputStart = inputEnd - Int(stream.avail_in)
      ended = code == Z_STREAM_END
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        throw damaged("what is packed at byte \(position) makes no sense")
      }
    }
    let count = buffer.count - Int(stream.avail_out)
    checksum = crc32_z(checksum, room, count)
    memberSize += Int64(count)
    unpacked += Int64(count)
    if unpacked > limits.ratioFrom && unpacked / limits.ratio > position {
      throw ArchiveFailure(file.path, .beyondLimit("one byte unpacks to more than \(limits.ratio)"))
    }
    if ended { try endMember() }
    return count
  }

  private func endMember() throws {
    let trailer = try take(GzipFormat.trailerSize)
    guard trailer == GzipFormat.trailer(checksum: checksum, size: memberSize) else {
      throw damaged("the checksum does not match what was unpacked, up to byte \(position)")
    }
    isInside = false
    // Empty members cost time and have no purpose.
    if memberSize == 0 { emptyMembers += 1 }
    guard emptyMembers <= Self.mostEmptyMembers else { throw damaged("it is made of empty parts, at byte \(position)") }
    if inputStart == inputEnd { try refill() }
    guard inputStart == inputEnd else {
      // The next header shows whether another member follows.
      guard case .foreign = origin else { throw damaged("something follows its end, at byte \(position)") }
      return
    }
    isFinished = true
    try checkSeal()
  }

  private func checkSeal() throws {
    guard case .sealed(let seal) = origin, let digest = sealDigest.take() else { return }
    guard digest.hexadecimal() == seal.digest, unpacked == seal.size else {
      throw damaged("its bytes are not those that were written; the seal does not match")
    }
  }

  // MARK: The header

  private func beginMember() throws {
    let isFirst = members == 0
    if isFirst { try refill() }
    if isFirst, let seal = GzipSeal(header: UnsafeRawBufferPointer(rebasing: input[inputStart..<inputEnd])) {
      origin = .sealed(seal)
      inputStart += GzipSeal.headerSize
      var digest = Digest()
      digest.update(UnsafeRawBufferPointer(rebasing: input[inputStart..<inputEnd]))
      sealDigest = consume digest
    } else {
      let start = position
      let flags = try skipHeader(at: start)
      if isFirst && flags & GzipFormat.Flag.comment != 0 { origin = .doubtful }
    }
    members += 1
    inflateReset(&stream)
    checksum = 0
    memberSize = 0
    isInside = true
  }

  private func skipHeader(at start: Int64) throws -> UInt8 {
    var header = try take(GzipFormat.plainHeader.count)
    guard Array(header[0..<2]) == GzipFormat.magic else {
      throw damaged("something that is not part of it follows its end, at byte \(start)")
    }
    let flags = header[3]
    guard header[2] == 8, flags & GzipFormat.Flag.reserved == 0 else {
      throw damaged("the header at byte \(start) makes no sense")
    }
    if flags & GzipFormat.Flag.extra != 0 {
      let length = try take(2)
      header += length
      header += try take(Int(length[0]) | Int(length[1]) << 8)
    }
    for flag in [GzipFormat.Flag.name, GzipFormat.Flag.comment] where flags & flag != 0 {
      repeat {
        header += try take(1)
        guard header.count <= 1 << 17 else { throw damaged("the header at byte \(start) has no end") }
      } while header.last != 0
    }
    if flags & GzipFormat.Flag.headerChecksum != 0 {
      let expected = crc32_z(0, header, header.count)
      let found = try take(2)
      guard UInt(found[0]) | UInt(found[1]) << 8 == expected & 0xFFFF else {
        throw damaged("the checksum of the header at byte \(start) does not match")
      }
    }
    return flags
  }

  // MARK: Input

  private var next: UnsafeMutablePointer<UInt8>? {
    input.baseAddress.map { ($0 + inputStart).assumingMemoryBound(to: UInt8.self) }
  }

  private func refill() throws {
    inputStart = 0
    inputEnd = try file.read(into: input)
    sealDigest?.update(UnsafeRawBufferPointer(rebasing: input[..<inputEnd]))
  }

  private func take(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if inputStart == inputEnd { try refill() }
      guard inputStart < inputEnd else { throw damaged("it ends in the middle, at byte \(file.position)") }
      let piece = min(count - bytes.count, inputEnd - inputStart)
      bytes.append(contentsOf: input[inputStart..<inputStart + piece])
      inputStart += piece
    }
    return bytes
  }

  private func damaged(_ where_: String) -> ArchiveFailure { ArchiveFailure(file.path, .damaged(where_)) }
}
