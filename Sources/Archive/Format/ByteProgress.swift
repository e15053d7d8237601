/// Receives the number of processed bytes and their total. Throwing stops the work.
public typealias ByteProgress = (_ done: Int64, _ total: Int64) throws -> Void
