import RecurrentFormats
import RecurrentTensor

/// What the journal of a study says: every training that was begun, and what became of it.
package struct StudyState: Sendable {
    /// A training.
    package struct Entry: Sendable {
        package let run: StudyRun
        package let point: SearchPoint
        /// What it came to; nil while it is not at its end.
        package internal(set) var outcome: TrialOutcome?
        /// The figures at the rungs of successive halving that it has ended.
        package internal(set) var rungs: [Double] = []
        /// The rung that it goes to.
        package internal(set) var rung: Int?
        /// How often it was begun since it was last heard of: more than once where a process was killed.
        package internal(set) var starts = 0
        /// Seconds that it took before it was last paused.
        package internal(set) var seconds = 0.0
        /// The process that began it last, and when, in seconds since 1970.
        package internal(set) var process = 0
        package internal(set) var began = 0.0

        /// Whether a process works at it or should.
        package var isOpen: Bool { outcome == nil }
    }

    /// The trainings, in the order in which they were begun.
    package private(set) var entries: [Entry] = []
    private var positions: [StudyRun: Int] = [:]

    package init() {}

    /// A training; nil where it has not been begun.
    package subscript(run: StudyRun) -> Entry? { positions[run].map { entries[$0] } }

    /// Reads a line of the journal.
    ///
    /// - Throws: `badData` where it is no line of a journal, or does not follow from the lines before.
    mutating func take(_ json: JSONCursor, space: SearchSpace) throws(RecurrentError) {
        let run = try StudyRun(json)
        let event = try json["event"].string()
        if event == "begin" {
            let position = positions[run] ?? entries.count
            if position == entries.count {
                entries.append(Entry(run: run, point: try space.point(json["point"])))
                positions[run] = position
            }
            entries[position].outcome = nil
            entries[position].starts += 1
            entries[position].rung = try json["rung"].ifPresent?.int(in: 0...1000)
            entries[position].process = try json["process"].ifPresent?.int() ?? 0
            entries[position].began = try json["time"].ifPresent?.double() ?? 0
            return
        }
        guard let position = positions[run] else {
            throw json["run"].error("'\(run.name)' ends here without a beginning")
        }
        entries[position].starts = 0
        switch event {
        case "pause": entries[position].seconds = try json["seconds"].ifPresent?.double(in: 0...1e12) ?? 0
        case "end":
            let outcome = try TrialOutcome(json)
            entries[position].outcome = outcome
            entries[position].seconds = outcome.seconds
            if let rung = entries[position].rung {
                let value = outcome.kind == .finished || outcome.kind == .stopped ? outcome.validation : nil
                let count = entries[position].rungs.count
                if count <= rung { entries[position].rungs += [Double](repeating: .nan, count: rung + 1 - count) }
                entries[position].rungs[rung] = value ?? .nan
            }
        default: throw json["event"].error("there is no event '\(event)'")
        }
    }

    // MARK: - Lines

    static func begin(_ order: StudyOrder) -> JSON {
        var line: JSONObject = ["event": "begin"]
        for (key, value) in order.run.json { line[key] = value }
        line["rung"] = order.rung.map { JSON($0) }
        line["point"] = order.point.json
        line["process"] = JSON(StudyFile.process)
        line["time"] = JSON(StudyFile.now)
        return .object(line)
    }

    static func pause(_ run: StudyRun, seconds: Double) -> JSON {
        var line: JSONObject = ["event": "pause"]
        for (key, value) in run.json { line[key] = value }
        line["seconds"] = JSON((seconds * 1000).rounded() / 1000)
        line["time"] = JSON(StudyFile.now)
        return .object(line)
    }

    static func end(_ run: StudyRun, _ outcome: TrialOutcome) -> JSON {
        var line: JSONObject = ["event": "end"]
        for (key, value) in run.json { line[key] = value }
        for (key, value) in outcome.json { line[key] = value }
        line["time"] = JSON(StudyFile.now)
        return .object(line)
    }
}

/// A training that is to be run now.
package struct StudyOrder: Sendable, Hashable {
    package let run: StudyRun
    package let point: SearchPoint
    /// The rung of successive halving that it goes to; nil: to its end.
    package var rung: Int?
    /// The epochs after which it ends at the latest.
    package var epochs: Int
    /// Seconds that it took before.
    package var seconds = 0.0
}
