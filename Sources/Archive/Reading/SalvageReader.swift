import Common
import Glibc

/// Reads what can still be read of a damaged archive: its plain files in their order, each as far as it is whole.
///
/// Nothing that it gives is to be believed without a digest to compare it with: after damage the bytes may be others'.
/// Links and whatever else no archive of ours holds are passed over, as are names that were there before.
public final class SalvageReader: MemberSource {
  /// The current member broke off, or damage was found inside it; ``next()`` goes on with the next one.
  public struct Broken: Error {}

  public let path: String
  public private(set) var rootFolder: String?
  public private(set) var folders: Set<String> = []
  /// Links that were passed over.
  public private(set) var skippedLinks: [String] = []
  /// Whether everything before the current member was read without a fault.
  public private(set) var isUndamaged = true

  /// What was wrong with the file itself, in words; the first few.
  public var faults: [String] { (gzip?.faults ?? []) + (ending?.fault.map { [$0] } ?? []) }

  private let source: any ByteSource
  private let gzip: SalvagingGzip?
  private let ending: EndingStream?
  private let cancellation: Cancellation?
  private let progress: ByteProgress?
  private let size: Int64
  private let descriptor: Int32
  private var decoder: TarDecoder?
  private var names: Set<ExactName> = []
  private var read: Int64 = 0
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
  /// Bytes taken from the source that the next decoder gets first.
  private var ahead: [UInt8] = []
  private let lent = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 64)
  private var isEnded = false
  /// The last bytes given to the decoder: it reads ahead, so that after a failure they can contain further headers.
  private var given: [UInt8] = []
  /// The number of bytes before the next one for the decoder.
  private var position: Int64 = 0
  /// The start of the decoder's stream, and the earliest end of its last entry.
  private var begin: Int64 = 0
  private var entryEnd: Int64 = 0
  /// Whether bytes other than zeros were skipped in the search for a header.
  private var hasSkippedBytes = false

  private static let block = 512
  private static let remembered = 512 << 10

  /// - Parameter stream: the source of the archive's bytes, instead of its file. It ends where it reports damage.
  /// - Throws: `.archive` if it is missing or unreadable, `.unsuitableArchive` for another format.
  public init(
    _ path: String, stream: ArchiveStream? = nil, cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws {
    self.path = path
    self.cancellation = cancellation
    self.progress = progress
    if let stream {
      let ending = EndingStream(stream.bytes)
      let bytes = try StreamSource(ending, path: path, head: FileFormat.headSize)
      let format = FileFormat.recognize(bytes.head)
      if case .foreign(let what) = format { throw ArchiveFailure(path, .foreign(what)) }
      self.ending = ending
      descriptor = -1
      size = stream.size
      gzip = format == .gzip ? try SalvagingGzip(bytes) : nil
      source = gzip ?? bytes
      return
    }
    ending = nil
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw ArchiveFailure(path, .missing) }
      throw PlainFailure.system(SafeText.clean(path), "cannot be read", errno: errno, family: .archive)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArchiveFailure(path, .foreign("no plain file"))
    }
    size = Int64(status.st_size)
    let file = FileSource(descriptor, path: path)
    do {
      let format = try FileFormat.recognize(descriptor, path: path)
      if case .foreign(let what) = format { throw ArchiveFailure(path, .foreign(what)) }
      gzip = format == .gzip ? try SalvagingGzip(file) : nil
    } catch {
      close(descriptor)
      throw error
    }
    source = gzip ?? file
  }

  deinit {
    room.deallocate()
    lent.deallocate()
    if descriptor >= 0 { close(descriptor) }
  }

  // MARK: Members

  public func next() throws -> MemberHeader? {
    read = 0
    while true {
      try cancellation?.check()
      if decoder == nil {
        guard try findHeader() else { return nil }
        decoder = try? makeDecoder()
        if decoder == nil { continue }
      }
      do {
        guard let entry = try decoder?.next() else {
          // An end mark in the middle of the file is damage too.
          unread()
          decoder = nil
          let isMore = try findHeader()
          // Only zeros can follow the end mark.
          if isMore || hasSkippedBytes { isUndamaged = false }
          guard isMore else { return nil }
          continue
        }
        let (end, isTooLarge) = (begin + entry.position + Int64(Self.block)).addingReportingOverflow(max(0, entry.size))
        entryEnd = isTooLarge ? .max : end
        if let header = header(entry) { return header }
      } catch let cancelled as Cancelled {
        throw cancelled
      } catch let failure as PlainFailure where [.archive, .file].contains(failure.family) {
        throw failure
      } catch {
        fail()
      }
    }
  }

  public func chunk() throws -> UnsafeRawBufferPointer? {
    guard let decoder else { throw Broken() }
    do {
      guard let bytes = try decoder.chunk(at: read) else { return nil }
      read += Int64(bytes.count)
      return bytes
    } catch let cancelled as Cancelled {
      throw cancelled
    } catch let failure as PlainFailure where [.archive, .file].contains(failure.family) {
      throw failure
    } catch {
      fail()
      throw Broken()
    }
  }

  private func fail() {
    isUndamaged = false
    if gzip?.hasGap == true { given = [] } else { unread() }
    decoder = nil
  }

  /// Returns the bytes to the source that the decoder has read beyond its last entry.
  private func unread() {
    let from = max(position - Int64(given.count), min(entryEnd, position))
    ahead = given.suffix(Int(position - from)) + ahead
    position = from
    given = []
  }

  private func header(_ entry: TarDecoder.Entry) -> MemberHeader? {
    var bytes = entry.rawName[...]
    while bytes.starts(with: "./".utf8) { bytes = bytes.dropFirst(2) }
    while bytes.last == UInt8(ascii: "/"), bytes.count > 1 { bytes = bytes.dropLast() }
    guard let name = String(validating: bytes, as: UTF8.self), MemberName.refusal(name) == nil else { return nil }
    let split = MemberName.split(name)
    let root = split?.root ?? name
    if let rootFolder, rootFolder != root { return nil }
    if entry.type == S_IFDIR, !entry.isHardLink {
      rootFolder = root
      if let rest = split?.rest, !rest.contains("/") { folders.insert(rest) }
      return nil
    }
    guard let rest = split?.rest else { return nil }
    if entry.type == S_IFLNK { skippedLinks.append(rest) }
    guard entry.type == S_IFREG, !entry.isHardLink, !entry.isSparse, entry.size >= 0,
      names.insert(ExactName(rest)).inserted
    else { return nil }
    rootFolder = root
    return MemberHeader(name: rest, size: entry.size, modified: entry.modified, mode: entry.mode)
  }

  // MARK: Finding the way again

  private struct Gap: Error {}

  private func makeDecoder() throws -> TarDecoder {
    // Weak: the decoder is owned by this object.
    begin = position
    entryEnd = position + Int64(Self.block)
    return try TarDecoder(path: path) { [unowned self] in
      let piece = try pull()
      if let piece { remember(piece) }
      return piece
    }
  }

  private func remember(_ piece: UnsafeRawBufferPointer) {
    position += Int64(piece.count)
    if given.count > Self.remembered { given.removeFirst(given.count - Self.remembered) }
    given.append(contentsOf: piece)
  }

  /// Returns the next piece for the decoder.
  private func pull() throws -> UnsafeRawBufferPointer? {
    if !ahead.isEmpty {
      let count = min(ahead.count, lent.count)
      lent.copyBytes(from: ahead.prefix(count))
      ahead.removeFirst(count)
      return UnsafeRawBufferPointer(rebasing: lent[..<count])
    }
    if gzip?.hasGap == true { throw Gap() }
    let count = try take()
    // Bytes before a gap are used first.
    if count == 0, gzip?.hasGap == true { throw Gap() }
    return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: room[..<count])
  }

  private func take() throws -> Int {
    try cancellation?.check()
    let count = try source.read(into: room)
    try progress?(source.position, size)
    if count == 0, gzip?.hasGap != true { isEnded = true }
    return count
  }

  /// Searches for the next header; returns false at the end of the file.
  private func findHeader() throws -> Bool {
    if isUndamaged, rootFolder == nil, ahead.isEmpty, !isEnded { return true }
    var bytes = ahead
    ahead = []
    gzip?.hasGap = false
    while true {
      var place = 0
      while place + Self.block <= bytes.count {
        if Self.isHeader(bytes[place..<place + Self.block]) {
          ahead = Array(bytes[place...])
          position += Int64(place)
          return true
        }
        place += 1
      }
      if !hasSkippedBytes { hasSkippedBytes = bytes[..<place].contains { $0 != 0 } }
      bytes.removeFirst(place)
      position += Int64(place)
      gzip?.hasGap = false
      if isEnded { return false }
      let count = try take()
      if gzip?.hasGap == true { bytes = [] }
      bytes += room[..<count]
      if isEnded && bytes.count < Self.block { return false }
    }
  }

  /// Returns whether the block is a tar header, by its signature and its checksum.
  static func isHeader(_ block: ArraySlice<UInt8>) -> Bool {
    let first = block.startIndex
    guard block.count == Self.block, block[first] != 0, block[first + 257] == UInt8(ascii: "u"),
      block[(first + 257)..<(first + 262)].elementsEqual("ustar".utf8)
    else { return false }
    let field = (first + 148)..<(first + 156)
    let digits = block[field].filter { (0x30...0x37).contains($0) }
    guard digits.count >= 1, let expected = Int(String(decoding: digits, as: UTF8.self), radix: 8) else { return false }
    var sum = 0
    for index in block.indices { sum += field.contains(index) ? 0x20 : Int(block[index]) }
    return sum == expected
  }
}
