/// Work that counts its bytes: how many are done, of how many. It may throw to stop the work.
public typealias ByteProgress = (_ done: Int64, _ total: Int64) throws -> Void
