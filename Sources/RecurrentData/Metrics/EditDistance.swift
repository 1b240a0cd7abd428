/// The cheapest way from a reference to what was said instead: words or phonemes replaced, left out or put in.
///
/// Of the ways with the fewest edits it is one with the most replacements, so that the three counts are defined as well as
/// their sum.
///
/// - Source: Levenshtein 1966.
public struct EditDistance: Sendable, Hashable {
    /// The elements that stand for another.
    public let substitutions: Int
    /// The elements of the reference that are missing.
    public let deletions: Int
    /// The elements that the reference does not have.
    public let insertions: Int
    /// The number of elements of the reference.
    public let referenceLength: Int

    /// The number of edits.
    public var count: Int { substitutions + deletions + insertions }

    /// The distance of `answer` from `reference`.
    ///
    /// - Complexity: O(R · A) time, O(A) memory after what both have in common at their ends.
    public init<Element: Equatable>(_ answer: [Element], reference: [Element]) {
        var start = 0
        while start < min(answer.count, reference.count), answer[start] == reference[start] { start += 1 }
        var (ends, endsReference) = (answer.count, reference.count)
        while ends > start, endsReference > start, answer[ends - 1] == reference[endsReference - 1] {
            ends -= 1
            endsReference -= 1
        }
        let (said, wanted) = (answer[start..<ends], reference[start..<endsReference])
        // An edit costs a whole unit and, where it changes the length, a little more: the little ones never add up to a unit.
        let unit = said.count + wanted.count + 1
        var row = (0...said.count).map { $0 * (unit + 1) }
        for element in wanted {
            var diagonal = row[0]
            row[0] += unit + 1
            for (index, other) in said.enumerated() {
                let replaced = diagonal + (element == other ? 0 : unit)
                diagonal = row[index + 1]
                row[index + 1] = min(replaced, min(diagonal, row[index]) + unit + 1)
            }
        }
        let (edits, shifts) = (row[said.count] / unit, row[said.count] % unit)
        // The difference of the lengths tells insertions from deletions.
        insertions = (shifts + said.count - wanted.count) / 2
        deletions = shifts - insertions
        substitutions = edits - shifts
        referenceLength = reference.count
    }

    /// The distance from the nearest of several references, of equally near ones the first.
    ///
    /// - Precondition: there is at least one reference.
    public init<Element: Equatable>(_ answer: [Element], nearestOf references: [[Element]]) {
        precondition(!references.isEmpty, "EditDistance: there is no reference")
        var best = EditDistance(answer, reference: references[0])
        for reference in references.dropFirst() {
            let other = EditDistance(answer, reference: reference)
            if other.count < best.count { best = other }
        }
        self = best
    }
}

/// Edit distances of a corpus: word error rate, phoneme error rate, character error rate, by what the elements are.
public struct ErrorRate: Sendable, Hashable {
    /// The elements that stand for another.
    public private(set) var substitutions = 0
    /// The elements of the references that are missing.
    public private(set) var deletions = 0
    /// The elements that the references do not have.
    public private(set) var insertions = 0
    /// The number of elements of the references.
    public private(set) var referenceLength = 0
    /// The number of sequences.
    public private(set) var sequences = 0
    /// The number of sequences with an edit.
    public private(set) var wrongSequences = 0

    /// The rate of nothing.
    public init() {}

    /// Counts a sequence.
    public mutating func add(_ distance: EditDistance) {
        substitutions += distance.substitutions
        deletions += distance.deletions
        insertions += distance.insertions
        referenceLength += distance.referenceLength
        sequences += 1
        if distance.count > 0 { wrongSequences += 1 }
    }

    /// The number of edits.
    public var edits: Int { substitutions + deletions + insertions }

    /// Edits over elements of the references; NaN without any.
    public var rate: Double { Double(edits) / Double(referenceLength) }

    /// The share of sequences with an edit; NaN without any.
    public var sequenceRate: Double { Double(wrongSequences) / Double(sequences) }
}
