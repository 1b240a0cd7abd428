/// What was measured of one unit, such as an engine, from its first step to the last that is known.
public struct UnitHistory: Sendable, Hashable {
    /// The name of the unit.
    public var name: String
    /// The time of each step, ascending.
    public var times: [Double]
    /// The values, [T, C], one step after another; NaN where one is missing.
    public var values: [Float]
    /// The time that is left after the last step: 0 where the unit failed then, nil where it is not known, because the unit
    /// was seen no longer.
    public var lifeAtEnd: Double?

    /// A history.
    ///
    /// - Precondition: there is a time for each step, and the values are so many for each.
    public init(name: String, times: [Double], values: [Float], lifeAtEnd: Double?) {
        precondition(
            times.isEmpty ? values.isEmpty : values.count % times.count == 0,
            "UnitHistory: \(values.count) values of \(times.count) steps")
        (self.name, self.times, self.values, self.lifeAtEnd) = (name, times, values, lifeAtEnd)
    }

    /// The number of steps.
    public var stepCount: Int { times.count }

    /// The time that is left at a step; of a unit that was seen no longer the least that it can be.
    public func life(at step: Int) -> Double { (times.last ?? 0) - times[step] + (lifeAtEnd ?? 0) }
}

extension UnitHistory {
    /// The history cut after so many steps at equal distances, the life after each cut known from what follows; none of a unit
    /// whose end is not known.
    package func cuts(_ count: Int) -> [UnitHistory] {
        guard lifeAtEnd != nil, stepCount > 0 else { return [] }
        let C = values.count / stepCount
        return (1...max(1, count)).map { number in
            let end = max(1, stepCount * number / count)
            return UnitHistory(
                name: name, times: Array(times[..<end]), values: Array(values[..<(end * C)]),
                lifeAtEnd: life(at: end - 1))
        }
    }
}
