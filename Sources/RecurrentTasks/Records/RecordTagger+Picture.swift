public import RecurrentCharts
public import RecurrentData
public import RecurrentTensor

extension RecordTagger {
    /// A picture of a record: strips of its trace with what was found under it, and what is there where that is known.
    ///
    /// The strips show where something rare is, or where what was found differs from what is there, and the record's beginning.
    ///
    /// - Parameters:
    ///   - strips: how many at most.
    ///   - origin: the number of the record's first step, where it is a part of a longer one.
    /// - Throws: `badData` where the record lacks a channel.
    public func picture(
        _ record: LabelledRecord, strips: Int = 6, origin: Int = 0
    ) throws(RecurrentError) -> TraceChart {
        let record = try framing.adapted(record)
        let found = try predict(record).findings
        let there = Self.findings(record)
        let length = max(1, min(record.stepCount, recipe.window * recipe.stride / 2))
        let unit = record.rate ?? 1
        let begins = places(found, there, record, length: length, limit: max(1, strips))
        let (C, total) = (record.channels.count, record.stepCount)
        let shown = begins.map { begin -> TraceChart.Strip in
            let end = min(total, begin + length)
            func marks(_ list: [RecordTagging.Finding]) -> [TraceChart.Mark] {
                list.filter { $0.end > begin && $0.begin < end }.map { finding in
                    let from = Double(max(begin, finding.begin) + origin) / unit
                    let to = Double(min(end, finding.end) + origin) / unit
                    return TraceChart.Mark(begin: from, end: findsEvents ? nil : to, label: finding.label)
                }
            }
            var rows = [TraceChart.Row(title: "found", marks: marks(found))]
            if let there { rows.append(TraceChart.Row(title: "there", marks: marks(there))) }
            let traces = (0..<min(C, 3)).map { c in
                TraceChart.Trace(
                    name: record.channels[c], values: (begin..<end).map { Double(record.values[$0 * C + c]) })
            }
            return TraceChart.Strip(
                title: "", begin: Double(begin + origin) / unit, end: Double(end + origin) / unit, traces: traces,
                rows: rows)
        }
        let kind = findsEvents ? "points" : "stretches"
        return TraceChart(
            title: "What was found in \(record.name)",
            subtitle:
                "\(found.count) \(kind) in \(total) steps; strips at the beginning, where something is rare and where "
                + "found and there differ",
            axis: record.rate == nil ? "step" : "seconds", strips: shown)
    }

    /// What is there, where the labels are known.
    private static func findings(_ record: LabelledRecord) -> [RecordTagging.Finding]? {
        switch record.labels {
        case .none: return nil
        case .events(let events):
            return events.map {
                RecordTagging.Finding(begin: $0.position, end: $0.position + 1, label: $0.label, probability: 1)
            }
        case .steps(let numbers, let names):
            return StepRuns.runs(numbers).map {
                RecordTagging.Finding(begin: $0.begin, end: $0.end, label: names[Int($0.label)], probability: 1)
            }
        }
    }

    /// Where strips begin: at the beginning, then at what is most telling, none over another.
    private func places(
        _ found: [RecordTagging.Finding], _ there: [RecordTagging.Finding]?, _ record: LabelledRecord, length: Int,
        limit: Int
    ) -> [Int] {
        var counts: [String: Int] = [:]
        for finding in there ?? found { counts[finding.label, default: 0] += 1 }
        var weights: [(step: Int, weight: Double)] = []
        for finding in there ?? found {
            weights.append((finding.begin, 1 / Double(max(1, counts[finding.label] ?? 1))))
        }
        if let there {
            // A difference tells more than any agreement.
            for (step, label) in Self.differences(found, there, recipe.tolerance, points: findsEvents) {
                weights.append((step, 2 + 1 / Double(max(1, counts[label] ?? 1))))
            }
        }
        var begins = [0]
        for (step, _) in weights.sorted(by: { ($0.weight, $1.step) > ($1.weight, $0.step) }) {
            guard begins.count < limit else { break }
            let begin = max(0, min(record.stepCount - length, step - length / 2))
            guard begins.allSatisfy({ abs($0 - begin) >= length }) else { continue }
            begins.append(begin)
        }
        return begins.sorted()
    }

    private static func differences(
        _ found: [RecordTagging.Finding], _ there: [RecordTagging.Finding], _ tolerance: Int, points: Bool
    ) -> [(step: Int, label: String)] {
        let reach = points ? tolerance : 0
        var result: [(Int, String)] = []
        for (one, other) in [(found, there), (there, found)] {
            var j = 0
            for finding in one {
                while j < other.count, other[j].end + reach <= finding.begin { j += 1 }
                var (k, isThere) = (j, false)
                while k < other.count, other[k].begin < finding.end + reach {
                    isThere = isThere || other[k].label == finding.label
                    k += 1
                }
                if !isThere { result.append((finding.begin, finding.label)) }
            }
        }
        return result
    }
}
