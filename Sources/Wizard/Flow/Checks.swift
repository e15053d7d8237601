import Common

/// Reasons why a typed answer will not do, as sentences for the line below its field: the rules of the command line.
typealias AnswerCheck = InputRule
