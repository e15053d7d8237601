import Common

/// The rules for typed answers, which the command line uses too. Each returns a sentence for the line below the field.
typealias AnswerCheck = InputRule
