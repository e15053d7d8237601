/// An operation as a part of another one: a move exports and imports, an undo deletes and reactivates.
///
/// Its phases become phases of the whole with a prefix, and its warnings become warnings of the whole; its end is not
/// the end of the whole.
package struct OperationPart {
  let name: String
  package let operation: any Runnable

  package init(_ name: String, _ operation: any Runnable) {
    self.name = name
    self.operation = operation
  }

  package func phases() throws -> [Plan.Phase] { try plan().phases }

  package func plan() throws -> Plan {
    var plan = try operation.plan()
    for index in plan.phases.indices { plan.phases[index].id = "\(name).\(plan.phases[index].id)" }
    return plan
  }

  package func check() throws -> [Finding] { try operation.check() }

  package func run(_ progress: Progress) throws -> Summary { try operation.run(progress: progress.part(name)) }
}
