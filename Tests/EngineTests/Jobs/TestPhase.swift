import Operations

/// A phase of no operation.
struct TestPhase: OperationPhase {
  var id = "work"
  var title = "Work"
}
