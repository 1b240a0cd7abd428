/// How well points that were found agree with those that are there, class by class.
///
/// A point that was found and one that is there are a pair where they are no farther apart than the tolerance and neither has
/// a nearer partner on its way; each belongs to one pair at most. A pair of two classes counts as missed for the one and as
/// found wrongly for the other.
///
/// - Source: the beat-by-beat comparison of ANSI/AAMI EC57, whose tolerance is 150 ms.
public struct EventScores: Sendable, Hashable {
    /// What was counted of a class.
    public struct Counts: Sendable, Hashable {
        /// Found, with the right class.
        public var correct = 0
        /// There.
        public var actual = 0
        /// Found.
        public var predicted = 0

        /// Counts.
        public init(correct: Int = 0, actual: Int = 0, predicted: Int = 0) {
            (self.correct, self.actual, self.predicted) = (correct, actual, predicted)
        }

        /// The share of those that are there that was found; NaN where there is none.
        public var sensitivity: Double { actual == 0 ? .nan : Double(correct) / Double(actual) }
        /// The share of those that were found that is right; NaN where none was found.
        public var precision: Double { predicted == 0 ? .nan : Double(correct) / Double(predicted) }
        /// The harmonic mean of both; 0 where nothing is right.
        public var f1: Double {
            actual + predicted == 0 ? .nan : 2 * Double(correct) / Double(actual + predicted)
        }
    }

    /// The names of the classes.
    public let classes: [String]
    /// How often a point of a class (row) was found as one of a class (column); the last row holds what was found where there
    /// is nothing, the last column what was missed.
    public private(set) var confusion: [[Int]]
    /// The sum of the distances within pairs, in steps.
    private var distance = 0.0

    /// Nothing counted yet.
    public init(classes: [String]) {
        self.classes = classes
        confusion = Array(repeating: Array(repeating: 0, count: classes.count + 1), count: classes.count + 1)
    }

    /// The pairs of two lists of positions in ascending order.
    ///
    /// - Complexity: O(n + m).
    public static func pairs(
        actual: [Int], predicted: [Int], tolerance: Int
    ) -> [(actual: Int, predicted: Int)] {
        var pairs: [(actual: Int, predicted: Int)] = []
        var (i, j) = (0, 0)
        func distance(_ i: Int, _ j: Int) -> Int {
            i < actual.count && j < predicted.count ? abs(actual[i] - predicted[j]) : .max
        }
        while i < actual.count, j < predicted.count {
            let own = distance(i, j)
            if own > tolerance {
                if actual[i] < predicted[j] { i += 1 } else { j += 1 }
            } else if distance(i, j + 1) < own, distance(i + 1, j + 1) >= distance(i, j + 1) {
                j += 1
            } else if distance(i + 1, j) < own, distance(i + 1, j + 1) >= distance(i + 1, j) {
                i += 1
            } else {
                pairs.append((i, j))
                i += 1
                j += 1
            }
        }
        return pairs
    }

    /// Counts the points of a record.
    ///
    /// - Precondition: positions ascend, and classes lie inside the list.
    public mutating func add(
        actual: [(position: Int, label: Int)], predicted: [(position: Int, label: Int)], tolerance: Int
    ) {
        let none = classes.count
        let pairs = Self.pairs(
            actual: actual.map(\.position), predicted: predicted.map(\.position), tolerance: tolerance)
        var isFound = [Bool](repeating: false, count: actual.count)
        var isUsed = [Bool](repeating: false, count: predicted.count)
        for (i, j) in pairs {
            isFound[i] = true
            isUsed[j] = true
            confusion[actual[i].label][predicted[j].label] += 1
            distance += Double(abs(actual[i].position - predicted[j].position))
        }
        for (i, event) in actual.enumerated() where !isFound[i] { confusion[event.label][none] += 1 }
        for (j, event) in predicted.enumerated() where !isUsed[j] { confusion[none][event.label] += 1 }
    }

    /// The same counts with one class more, of which nothing was counted yet.
    public func adding(_ name: String) -> EventScores {
        var wider = EventScores(classes: classes + [name])
        wider.distance = distance
        let none = classes.count
        for (row, list) in confusion.enumerated() {
            for (column, count) in list.enumerated() {
                wider.confusion[row == none ? none + 1 : row][column == none ? none + 1 : column] = count
            }
        }
        return wider
    }

    /// The counts of a class.
    public func counts(of label: Int) -> Counts {
        Counts(
            correct: confusion[label][label], actual: confusion[label].reduce(0, +),
            predicted: confusion.reduce(0) { $0 + $1[label] })
    }

    /// The counts where a point of any class is as good as another.
    public var anyClass: Counts {
        let none = classes.count
        var counts = Counts()
        for (row, list) in confusion.enumerated() {
            for (column, count) in list.enumerated() {
                if row < none, column < none { counts.correct += count }
                if row < none { counts.actual += count }
                if column < none { counts.predicted += count }
            }
        }
        return counts
    }

    /// The share of the pairs that has the same class; NaN where there is none.
    public var pairAccuracy: Double {
        let right = classes.indices.reduce(0) { $0 + confusion[$1][$1] }
        return anyClass.correct == 0 ? .nan : Double(right) / Double(anyClass.correct)
    }

    /// The mean distance within pairs in steps; NaN where there is none.
    public var meanDistance: Double {
        let pairs = anyClass.correct
        return pairs == 0 ? .nan : distance / Double(pairs)
    }
}
