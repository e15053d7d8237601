import Common
import Foundation

/// A value of JSON, with whole numbers apart from others.
indirect enum JSONValue: Equatable, Decodable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(_ text: String) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
}

/// Validates JSON by the keywords of draft 2020-12 that the schema of the output uses; any other keyword is an error.
struct JSONSchema {
  struct Unsupported: Error { let keyword: String }

  private let root: JSONValue
  private static let annotations: Set<String> = ["$schema", "$id", "$defs", "title", "description"]

  init(_ text: String) throws { root = try JSONValue(text) }

  /// Returns the names of all definitions.
  var definitions: Set<String> {
    if case .object(let all)? = root["$defs"] { Set(all.keys) } else { [] }
  }

  /// Returns why a value does not match; empty if it does.
  func faults(_ value: JSONValue) throws -> [String] { try faults(value, root, "") }

  /// Checks that every keyword of the schema is supported, and that every reference has its definition.
  func checkKeywords() throws { try check(root) }

  private func check(_ schema: JSONValue) throws {
    guard case .object(let object) = schema else { return }
    for (keyword, value) in object {
      switch (keyword, value) {
      case ("$defs", .object(let all)), ("properties", .object(let all)): try all.values.forEach(check)
      case ("items", _): try check(value)
      case ("additionalProperties", _): try check(value)
      case ("oneOf", .array(let all)): try all.forEach(check)
      case ("$ref", _): _ = try definition(value)
      case ("type", _), ("const", _), ("enum", _), ("required", _), ("minimum", _), ("pattern", _): break
      default: guard Self.annotations.contains(keyword) else { throw Unsupported(keyword: keyword) }
      }
    }
  }

  private func definition(_ reference: JSONValue) throws -> JSONValue {
    let prefix = "#/$defs/"
    guard let name = reference.text, name.hasPrefix(prefix),
      let definition = root["$defs"]?[String(name.dropFirst(prefix.count))]
    else { throw Unsupported(keyword: "$ref \(reference)") }
    return definition
  }

  private func faults(_ value: JSONValue, _ schema: JSONValue, _ path: String) throws -> [String] {
    guard case .object(let keywords) = schema else { throw Unsupported(keyword: "\(schema)") }
    var faults: [String] = []
    func fault(_ text: String) { faults.append("\(path.isEmpty ? "/" : path): \(text)") }
    for (keyword, rule) in keywords {
      switch (keyword, rule) {
      case ("$ref", _): faults += try self.faults(value, definition(rule), path)
      case ("oneOf", .array(let all)):
        let results = try all.map { try self.faults(value, $0, path) }
        let matches = results.count(where: \.isEmpty)
        if matches != 1 { fault("matches \(matches) of the kinds: \(results.min { $0.count < $1.count } ?? [])") }
      case ("type", .string(let type)): if !Self.isOf(type, value) { fault("is no \(type): \(value)") }
      case ("const", _): if value != rule { fault("is not \(rule)") }
      case ("enum", .array(let all)): if !all.contains(value) { fault("is none of \(all): \(value)") }
      case ("minimum", .integer(let least)):
        switch value {
        case .integer(let number): if number < least { fault("is less than \(least)") }
        case .number(let number): if number < Double(least) { fault("is less than \(least)") }
        default: break
        }
      case ("pattern", .string(let pattern)):
        if let text = value.text, text.range(of: pattern, options: .regularExpression) == nil {
          fault("does not match \(pattern)")
        }
      case ("required", .array(let names)):
        guard case .object(let object) = value else { continue }
        for case .string(let name) in names where object[name] == nil { fault("lacks \(name)") }
      case ("properties", .object(let properties)):
        guard case .object(let object) = value else { continue }
        for (name, schema) in properties {
          if let value = object[name] { faults += try self.faults(value, schema, "\(path)/\(name)") }
        }
      case ("additionalProperties", _):
        guard case .object(let object) = value else { continue }
        var known: Set<String> = []
        if case .object(let properties)? = keywords["properties"] { known = Set(properties.keys) }
        for (name, value) in object where !known.contains(name) {
          if rule == .bool(false) {
            fault("has \(name)")
          } else {
            faults += try self.faults(value, rule, "\(path)/\(name)")
          }
        }
      case ("items", _):
        guard case .array(let values) = value else { continue }
        for (index, value) in values.enumerated() { faults += try self.faults(value, rule, "\(path)/\(index)") }
      default: guard Self.annotations.contains(keyword) else { throw Unsupported(keyword: keyword) }
      }
    }
    return faults
  }

  private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
    switch (type, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
      ("number", .integer), ("number", .number), ("null", .null):
      true
    default: false
    }
  }
}
