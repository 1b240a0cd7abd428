public import RecurrentCharts
public import RecurrentData
public import RecurrentFormats

/// How well a tagger of records did where the labels are known.
public struct RecordTagReport: Sendable {
    /// Whether points were judged rather than steps.
    public let isOfEvents: Bool
    /// The number of records.
    public private(set) var records = 0
    /// The number of steps.
    public private(set) var steps = 0
    /// Points that were found against those that are there.
    public private(set) var events: EventScores
    /// For steps: how often a step of a class (row) was given a class (column).
    public private(set) var confusion: [[Int]]
    /// For steps: the stretches of each class that are there, that were found, and that are a pair: that share more than half of
    /// what either covers.
    public private(set) var stretches: [EventScores.Counts]
    /// The names of the classes.
    public private(set) var names: [String]
    private let rate: Double?

    init(classes: [String], isOfEvents: Bool, rate: Double?) {
        self.isOfEvents = isOfEvents
        self.rate = rate
        names = isOfEvents ? Array(classes.dropFirst()) : classes
        events = EventScores(classes: names)
        confusion = Array(repeating: Array(repeating: 0, count: names.count), count: names.count)
        stretches = Array(repeating: EventScores.Counts(), count: names.count)
    }

    /// A class that the model never met has a row of its own.
    private mutating func number(of name: String) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        names.append(name)
        events = events.adding(name)
        for row in confusion.indices { confusion[row].append(0) }
        confusion.append([Int](repeating: 0, count: names.count))
        stretches.append(EventScores.Counts())
        return names.count - 1
    }

    mutating func add(
        events actual: [LabelledRecord.Event], found: [(position: Int, label: Int, probability: Double)], steps: Int,
        tolerance: Int
    ) {
        records += 1
        self.steps += steps
        let actual = actual.map { (position: $0.position, label: number(of: $0.label)) }
        events.add(
            actual: actual, predicted: found.map { ($0.position, $0.label - 1) }, tolerance: tolerance)
    }

    mutating func add(actual: [String?], found: [Int32]) {
        records += 1
        var numbers = [Int32](repeating: -1, count: actual.count)
        var known: [String: Int] = [:]
        for (step, name) in actual.enumerated() {
            guard let name else { continue }
            let label = known[name] ?? number(of: name)
            known[name] = label
            numbers[step] = Int32(label)
            steps += 1
            confusion[label][Int(found[step])] += 1
        }
        // Steps whose class is not known belong to no stretch.
        let judged = zip(numbers, found).map { $0 < 0 ? -1 : $1 }
        let (there, told) = (StepRuns.runs(numbers), StepRuns.runs(judged))
        for run in there { stretches[Int(run.label)].actual += 1 }
        for run in told { stretches[Int(run.label)].predicted += 1 }
        var j = 0
        for run in there {
            while j > 0, told[j - 1].end > run.begin { j -= 1 }
            while j < told.count, told[j].end <= run.begin { j += 1 }
            var k = j
            while k < told.count, told[k].begin < run.end {
                let shared = min(run.end, told[k].end) - max(run.begin, told[k].begin)
                let covered = max(run.end, told[k].end) - min(run.begin, told[k].begin)
                if told[k].label == run.label, 2 * shared > covered { stretches[Int(run.label)].correct += 1 }
                k += 1
            }
        }
    }

    // MARK: - Figures

    /// The counts of a class: points, or steps.
    public func counts(of label: Int) -> EventScores.Counts {
        isOfEvents
            ? events.counts(of: label)
            : EventScores.Counts(
                correct: confusion[label][label], actual: confusion[label].reduce(0, +),
                predicted: confusion.reduce(0) { $0 + $1[label] })
    }

    /// Steps: the share with the right class. Points: F1 where the class has to be right. NaN where there is nothing.
    public var score: Double {
        let all = names.indices.map(counts)
        let (correct, actual) = (all.reduce(0) { $0 + $1.correct }, all.reduce(0) { $0 + $1.actual })
        let predicted = all.reduce(0) { $0 + $1.predicted }
        return actual + predicted == 0 ? .nan : 2 * Double(correct) / Double(actual + predicted)
    }

    private static func number(_ value: Double) -> JSON { value.isFinite ? JSON(value) : .null }

    private static func row(_ counts: EventScores.Counts) -> JSONObject {
        [
            "sensitivity": number(counts.sensitivity), "precision": number(counts.precision), "f1": number(counts.f1),
            "correct": JSON(counts.correct), "predicted": JSON(counts.predicted), "actual": JSON(counts.actual),
        ]
    }

    /// All numbers, under stable names.
    public var json: JSON {
        var classes = JSONObject()
        for (label, name) in names.enumerated() {
            var row = Self.row(counts(of: label))
            if !isOfEvents { row["stretches"] = .object(Self.row(stretches[label])) }
            classes[name] = .object(row)
        }
        var object: JSONObject = [
            "records": JSON(records), "steps": JSON(steps), "score": Self.number(score), "classes": .object(classes),
            "confusion": .array((isOfEvents ? events.confusion : confusion).map { JSON($0) }),
        ]
        if isOfEvents {
            object["any_class"] = .object(Self.row(events.anyClass))
            object["pair_accuracy"] = Self.number(events.pairAccuracy)
            object["mean_distance"] = Self.number(events.meanDistance)
        }
        return .object(object)
    }

    /// Tables of the figures.
    public func lines(_ style: TerminalStyle) -> [String] {
        func percent(_ share: Double) -> String { share.isFinite ? NumberText.fixed(share * 100, 2) : "–" }
        var table = TextTable(columns: [
            .left(isOfEvents ? "points" : "steps"), .right("sensitivity"), .right("precision"), .right("F1"),
            .right("there"), .right("found"),
        ])
        func add(_ name: String, _ counts: EventScores.Counts) {
            let cells = [
                name, percent(counts.sensitivity), percent(counts.precision), percent(counts.f1), "\(counts.actual)",
                "\(counts.predicted)",
            ]
            table.add(cells.map { .init($0) })
        }
        for (label, name) in names.enumerated() { add(name, counts(of: label)) }
        if isOfEvents { add("of any class", events.anyClass) }
        var lines = [table.text(style)]
        if isOfEvents {
            let distance = events.meanDistance
            var text = "points of the right class among those found: \(percent(events.pairAccuracy)) %"
            if distance.isFinite {
                text += "; \(NumberText.fixed(distance, 1)) steps from where they are"
                if let rate, rate > 0 { text += " (\(NumberText.fixed(distance / rate * 1000, 1)) ms)" }
            }
            lines.append(text)
        } else {
            var own = TextTable(columns: [
                .left("stretches"), .right("sensitivity"), .right("precision"), .right("F1"), .right("there"),
                .right("found"),
            ])
            for (name, counts) in zip(names, stretches) {
                let cells = [
                    name, percent(counts.sensitivity), percent(counts.precision), percent(counts.f1),
                    "\(counts.actual)", "\(counts.predicted)",
                ]
                own.add(cells.map { .init($0) })
            }
            lines += ["accuracy \(percent(score)) % of \(steps) steps", "", own.text(style)]
        }
        return lines
    }
}
