/// What is written along an axis.
public enum AxisLabels: Sendable {
    /// Round numbers.
    case numbers
    /// Dates and times; positions are seconds since 1970 in UTC.
    case time
    /// Positions are indices into these names: stamps that are already text.
    case names([String])
    /// Round positions with texts from a function.
    case text(@Sendable (Double) -> String)
    /// These positions and no others.
    case fixed([Tick])

    /// Ticks within a range: at most about `count`, and no more than fit when `width` tells how wide a text is, in the same
    /// unit as `room`.
    package func ticks(in range: ValueRange, count: Int, room: Double, width: (String) -> Double) -> [Tick] {
        var count = max(1, count)
        while true {
            let ticks = candidates(in: range, count: count)
            let needed = ticks.reduce(0) { $0 + width($1.label) }
            if count == 1 || needed <= room * 0.8 { return separated(ticks, range, room: room, width: width) }
            count -= max(1, count / 8)
        }
    }

    private func candidates(in range: ValueRange, count: Int) -> [Tick] {
        switch self {
        case .numbers: return NiceTicks.ticks(in: range, count: count)
        case .time:
            let ticks = TimeTicks.ticks(in: range, count: count)
            return ticks.isEmpty ? NiceTicks.ticks(in: range, count: count) : ticks
        case .text(let label):
            return NiceTicks.ticks(in: range, count: count).map { Tick($0.position, label($0.position)) }
        case .fixed(let ticks):
            let inside = ticks.filter { range.contains($0.position) }
            let every = max(1, (inside.count + count - 1) / count)
            return inside.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        case .names(let names):
            guard !names.isEmpty, range.upper >= 0, range.lower <= Double(names.count - 1) else { return [] }
            let first = Int(max(0, range.lower.rounded(.up)))
            let last = Int(min(Double(names.count - 1), range.upper.rounded(.down)))
            guard first <= last else { return [] }
            let every = max(1, (last - first + count) / count)
            return stride(from: first, through: last, by: every).map { Tick(Double($0), names[$0]) }
        }
    }

    /// Leaves out the labels that would run into the one before.
    private func separated(
        _ ticks: [Tick], _ range: ValueRange, room: Double, width: (String) -> Double
    ) -> [Tick] {
        var end = -Double.infinity
        let gap = width("0")
        return ticks.map { tick in
            let half = width(tick.label) / 2
            let middle = range.fraction(tick.position) * room
            guard middle - half > end else { return Tick(tick.position, "") }
            end = middle + half + gap
            return tick
        }
    }
}
