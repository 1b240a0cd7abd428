/// Finds the grid on which the stamps of one or many series stand.
package struct FrequencyDetector {
    /// What was found.
    package struct Finding {
        /// Nil where the stamps follow no grid.
        package var frequency: Frequency?
        /// Whether stamps had to be moved to the nearest point of the grid.
        package var isExact: Bool
    }

    /// The stamps of each series, sorted, without duplicates.
    ///
    /// Series with fewer than two stamps say nothing; of many series the first thousand are asked.
    package static func detect(_ series: [[Int64]], isOrdinal: Bool) -> Finding {
        let asked = series.filter { $0.count > 1 }.prefix(1000)
        guard !asked.isEmpty else { return Finding(frequency: isOrdinal ? .index : nil, isExact: true) }
        var steps: [Int64: Int] = [:]
        var all: [Int64] = []
        for stamps in asked {
            // Equal steps come in long runs, and a run costs one look-up.
            var run: (step: Int64, count: Int) = (0, 0)
            func count() {
                guard run.count > 0, steps.count < 100_000 || steps[run.step] != nil else { return }
                steps[run.step, default: 0] += run.count
            }
            for index in 1..<stamps.count {
                let step = stamps[index] - stamps[index - 1]
                all.append(step)
                if step != run.step {
                    count()
                    run = (step, 0)
                }
                run.count += 1
            }
            count()
        }
        if !isOrdinal, let monthly = months(asked) { return monthly }
        // The most frequent step; of equals the smallest, which divides the others if any does.
        guard let mode = steps.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else {
            return Finding(frequency: nil, isExact: true)
        }
        if !isOrdinal, let business = businessDays(asked) { return business }
        let fits = all.allSatisfy { $0 % mode.key == 0 }
        if fits {
            return reasonable(asked, mode.key)
                ? Finding(frequency: frequency(mode.key, isOrdinal), isExact: true)
                : Finding(frequency: nil, isExact: true)
        }
        let median = all.sorted()[all.count / 2]
        for candidate in [mode.value * 2 >= all.count ? mode.key : nil, rounded(median), commonStep(asked)] {
            guard let candidate, candidate > 0, reasonable(asked, candidate) else { continue }
            if isExactGrid(asked, candidate) {
                return Finding(frequency: frequency(candidate, isOrdinal), isExact: true)
            }
            if isNearGrid(asked, candidate) {
                return Finding(frequency: frequency(candidate, isOrdinal), isExact: false)
            }
        }
        return Finding(frequency: nil, isExact: true)
    }

    // MARK: - Calendars

    private static func months(_ series: ArraySlice<[Int64]>) -> Finding? {
        var divisor = 0
        var anchor = 0
        var isAlwaysLast = true
        var isOnAnchor = true
        var total = 0
        var widest = 0
        for stamps in series {
            var previous: CivilDate?
            for stamp in stamps {
                let date = Timestamp(microseconds: stamp).date
                let last = CivilDate.length(ofMonth: date.month, year: date.year)
                if date.day != last { isAlwaysLast = false }
                anchor = max(anchor, date.day)
                if let previous {
                    let step = date.monthIndex - previous.monthIndex
                    if step < 1 { return nil }
                    divisor = greatestCommonDivisor(divisor, step)
                    total += 1
                    widest = max(widest, step)
                }
                previous = date
            }
        }
        for stamps in series where isOnAnchor {
            for stamp in stamps {
                let moment = Timestamp(microseconds: stamp)
                let date = moment.date
                if date.day != min(anchor, CivilDate.length(ofMonth: date.month, year: date.year))
                    || moment.timeOfDay != Timestamp(microseconds: stamps[0]).timeOfDay
                {
                    isOnAnchor = false
                    break
                }
            }
        }
        if isOnAnchor {
            let frequency = Frequency(.month, count: divisor, anchorDay: isAlwaysLast ? 31 : anchor)
            return reasonableMonths(series, divisor) ? Finding(frequency: frequency, isExact: true) : nil
        }
        // One stamp a month whose day varies, as the last trading day does; weekly stamps put four into a month.
        guard total >= 5, divisor == 1 || divisor == 3 || divisor == 12, widest <= 4 * divisor else { return nil }
        let isOneEach = series.allSatisfy { stamps in
            zip(stamps, stamps.dropFirst()).allSatisfy { before, after in
                let days = Double(after - before) / Double(microsecondsPerDay)
                let months = Double(
                    Timestamp(microseconds: after).date.monthIndex - Timestamp(microseconds: before).date.monthIndex)
                return abs(days - months * 30.44) <= 6
            }
        }
        guard isOneEach else { return nil }
        // A fixed number of days also visits each month once for a while; that grid is the exact one.
        let fixed = Set(series.joined().isEmpty ? [] : series.flatMap { zip($0, $0.dropFirst()).map { $1 - $0 } })
        if fixed.count == 1 { return nil }
        return Finding(
            frequency: Frequency(.month, count: divisor, anchorDay: anchor >= 28 ? 31 : 1), isExact: false)
    }

    private static func businessDays(_ series: ArraySlice<[Int64]>) -> Finding? {
        var single = 0
        var total = 0
        var weekends = 0
        for stamps in series {
            let time = Timestamp(microseconds: stamps[0]).timeOfDay
            for index in stamps.indices {
                let stamp = Timestamp(microseconds: stamps[index])
                if stamp.date.weekday > 4 || stamp.timeOfDay != time { return nil }
                guard index > 0 else { continue }
                let before = stamps[index - 1]
                let days = Int((stamps[index] - before) / microsecondsPerDay)
                total += 1
                if days == 1 { single += 1 }
                if floorDivide(stamp.days + 3, 7) != floorDivide(Timestamp(microseconds: before).days + 3, 7) {
                    weekends += 1
                }
            }
        }
        guard total >= 5, weekends >= 1, single * 2 >= total else { return nil }
        return Finding(frequency: .businessDaily, isExact: true)
    }

    // MARK: - Grids

    private static func frequency(_ step: Int64, _ isOrdinal: Bool) -> Frequency {
        if isOrdinal { return Frequency(.index, count: Int(step)) }
        return step % microsecondsPerDay == 0
            ? Frequency(.day, count: Int(step / microsecondsPerDay)) : Frequency(.microsecond, count: Int(step))
    }

    /// Whether filling the gaps would not make the series many times longer than what was read.
    private static func reasonable(_ series: ArraySlice<[Int64]>, _ step: Int64) -> Bool {
        guard step > 0 else { return false }
        return series.allSatisfy { stamps in
            (stamps[stamps.count - 1] - stamps[0]) / step <= Int64(stamps.count) * fillLimit + 1000
        }
    }

    private static func reasonableMonths(_ series: ArraySlice<[Int64]>, _ step: Int) -> Bool {
        series.allSatisfy { stamps in
            let first = Timestamp(microseconds: stamps[0]).date.monthIndex
            let last = Timestamp(microseconds: stamps[stamps.count - 1]).date.monthIndex
            return (last - first) / step <= stamps.count * Int(fillLimit) + 1000
        }
    }

    private static func isExactGrid(_ series: ArraySlice<[Int64]>, _ step: Int64) -> Bool {
        series.allSatisfy { stamps in stamps.allSatisfy { ($0 - stamps[0]) % step == 0 } }
    }

    /// Whether nearly every distance is close to a whole number of steps, and nearly every stamp has its own point.
    private static func isNearGrid(_ series: ArraySlice<[Int64]>, _ step: Int64) -> Bool {
        var near = 0
        var total = 0
        var collisions = 0
        for stamps in series {
            var previous: Int64?
            for index in stamps.indices {
                let point = Int64(roundedDivide(Int(stamps[index] - stamps[0]), Int(step)))
                if point == previous { collisions += 1 }
                previous = point
                guard index > 0 else { continue }
                let distance = stamps[index] - stamps[index - 1]
                let off = abs(distance - Int64(roundedDivide(Int(distance), Int(step))) * step)
                total += 1
                if off * 5 <= step, distance * 2 >= step { near += 1 }
            }
        }
        return near * 10 >= total * 8 && collisions * 20 <= total
    }

    /// The greatest common divisor of all distances, where it is not absurdly small.
    private static func commonStep(_ series: ArraySlice<[Int64]>) -> Int64? {
        var divisor = 0
        for stamps in series {
            for stamp in stamps { divisor = greatestCommonDivisor(divisor, Int(stamp - stamps[0])) }
        }
        guard divisor > 0 else { return nil }
        let filled = series.reduce(0) { $0 + Int($1[$1.count - 1] - $1[0]) / divisor }
        return filled <= 4 * series.reduce(0) { $0 + $1.count } ? Int64(divisor) : nil
    }

    /// The median step, moved to the round number of its unit that lies within two percent.
    private static func rounded(_ step: Int64) -> Int64 {
        for unit in [microsecondsPerDay, 3_600_000_000, 60_000_000, 1_000_000, 1000] where step >= unit {
            let whole = Int64(roundedDivide(Int(step), Int(unit))) * unit
            if abs(whole - step) * 50 <= step { return whole }
        }
        return max(step, 1)
    }

    // Ten missing periods a row are a sparse series; more are a mistaken grid.
    private static let fillLimit: Int64 = 10
}

package func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
    var (larger, smaller) = (abs(first), abs(second))
    while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
    return larger
}
