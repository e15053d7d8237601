extension Connection {
  /// Returns the last value that a sequence has given, or the one before its next value if it has given none.
  ///
  /// `pg_sequence_last_value` is not used: it knows nothing of a sequence that was set and not used since.
  ///
  /// - Parameter sequence: schema-qualified and quoted, see ``Catalog/Column/sequence``.
  /// - Returns: 0 for a new sequence.
  package func lastValue(ofSequence sequence: String) throws -> Int64 {
    try value("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM \(sequence)").flatMap { Int64($0) } ?? 0
  }
}
