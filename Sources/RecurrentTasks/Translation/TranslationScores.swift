import RecurrentCharts
public import RecurrentData
public import RecurrentFormats

/// How good answers are, beside references.
public struct TranslationScores: Sendable, Hashable {
    /// What is counted.
    public enum Metric: String, Sendable, Hashable, CaseIterable {
        /// BLEU and chrF.
        case bleu
        /// The rates of wrong words and of wrong answers.
        case errors
    }

    /// BLEU with its signature; nil with ``Metric/errors``.
    public let bleu: BLEUScore?
    /// chrF2; nil with ``Metric/errors``.
    public let chrF: Double?
    /// The edits of words between answers and the nearest references; phonemes where words are phonemes.
    public let errors: ErrorRate
    /// The number of answers.
    public var count: Int { errors.sequences }

    /// Counts answers.
    ///
    /// - Parameter references: for each answer one or several.
    /// - Precondition: there are as many lists of references as answers, none of them empty.
    public init(_ answers: [String], references: [[String]], metric: Metric = .bleu, ignoresCase: Bool = false) {
        if metric == .bleu {
            bleu = BLEU(ignoresCase: ignoresCase)(answers, references: references)
            chrF = ChrF(ignoresCase: ignoresCase)(answers, references: references)
        } else {
            (bleu, chrF) = (nil, nil)
        }
        func words(_ text: String) -> [[Unicode.Scalar]] {
            let scalars = Array(text.unicodeScalars)
            return ScalarText.words(ignoresCase ? ScalarText.lowercased(scalars) : scalars)
        }
        var errors = ErrorRate()
        for (answer, references) in zip(answers, references) {
            errors.add(EditDistance(words(answer), nearestOf: references.map(words)))
        }
        self.errors = errors
    }

    /// The figures as lines of text.
    public var lines: [String] {
        func percent(_ value: Double) -> String { NumberText.fixed(100 * value, 2) + " %" }
        let edits =
            "\(errors.substitutions) replaced, \(errors.deletions) missing, \(errors.insertions) too many, "
            + "of \(errors.referenceLength)"
        guard let bleu, let chrF else {
            return [
                "word errors       \(percent(errors.rate))   (\(edits))",
                "wrong answers     \(percent(errors.sequenceRate))   (\(errors.wrongSequences) of \(count))",
            ]
        }
        return [
            bleu.description, "signature  \(bleu.signature)", "chrF2 = \(NumberText.fixed(chrF, 2))",
            "answers    \(count), \(count - errors.wrongSequences) of them as in a reference",
        ]
    }

    /// The figures as names and values.
    public var json: JSONObject {
        var object: JSONObject = ["answers": JSON(count)]
        if let bleu, let chrF {
            object["bleu"] = JSON(bleu.score)
            object["precisions"] = JSON(bleu.precisions)
            object["brevity_penalty"] = JSON(bleu.brevityPenalty)
            object["words"] = JSON(bleu.counts.length)
            object["reference_words"] = JSON(bleu.counts.referenceLength)
            object["signature"] = .string(bleu.signature)
            object["chrf2"] = JSON(chrF)
        }
        object["word_error_rate"] = JSON(errors.rate)
        object["wrong_answers"] = JSON(errors.sequenceRate)
        object["substitutions"] = JSON(errors.substitutions)
        object["deletions"] = JSON(errors.deletions)
        object["insertions"] = JSON(errors.insertions)
        object["reference_length"] = JSON(errors.referenceLength)
        return object
    }
}
