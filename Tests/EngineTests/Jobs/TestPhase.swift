import Operations

/// A phase that belongs to no operation.
struct TestPhase: OperationPhase {
  var id = "work"
  var title = "Work"
}
