/// The part of the number line that an axis shows. Always finite and never empty.
package struct ValueRange: Sendable, Equatable {
    package private(set) var lower: Double
    package private(set) var upper: Double

    /// Beyond this, differences of two values could overflow; values are drawn as if they stood here.
    static let limit = 1e300

    package init(_ lower: Double, _ upper: Double) {
        self.lower = min(lower, upper)
        self.upper = max(lower, upper)
        widenIfEmpty()
    }

    /// The range of the finite values, or 0…1 where there are none.
    package init(of values: some Sequence<Double>) {
        var lower = Double.infinity
        var upper = -Double.infinity
        for value in values where value.isFinite {
            let value = Self.clamped(value)
            lower = min(lower, value)
            upper = max(upper, value)
        }
        self.lower = lower <= upper ? lower : 0
        self.upper = lower <= upper ? upper : 1
        widenIfEmpty()
    }

    static func clamped(_ value: Double) -> Double { max(-limit, min(limit, value)) }

    /// A constant series stands in the middle of its axis.
    private mutating func widenIfEmpty() {
        let size = max(abs(lower), abs(upper))
        // Closer values than this cannot be told apart by ticks with a reasonable number of digits.
        guard upper - lower <= size * 1e-9 || upper - lower < 1e-300 else { return }
        let half = size > 0 ? max(size * 0.05, 1e-290) : 0.5
        let middle = lower / 2 + upper / 2
        (lower, upper) = (middle - half, middle + half)
    }

    package var length: Double { upper - lower }

    /// Where a value stands, 0 at the lower end and 1 at the upper.
    func fraction(_ value: Double) -> Double {
        // An axis may reach a little beyond the values on it.
        (max(-4 * Self.limit, min(4 * Self.limit, value)) - lower) / length
    }

    func contains(_ value: Double) -> Bool { value >= lower && value <= upper }

    /// The range that an axis of values shows: up to the next tick where that is near, else a little beyond the values.
    /// An axis of values that are not negative does not go below zero.
    package func forAxis(ticks count: Int) -> ValueRange {
        let step = NiceTicks.step(for: self, count: count)
        let margin = length * 0.04
        func edge(_ value: Double, _ tick: Double, _ padded: Double) -> Double {
            tick.isFinite && abs(tick - value) <= length * 0.2 ? tick : padded
        }
        var low = edge(lower, (lower / step).rounded(.down) * step, lower - margin)
        let high = edge(upper, (upper / step).rounded(.up) * step, upper + margin)
        if lower >= 0, low < 0 || lower < length * 0.3 { low = 0 }
        return ValueRange(low, high)
    }
}

/// A position on an axis and what is written there.
public struct Tick: Sendable, Hashable {
    /// The position.
    public var position: Double
    /// The text.
    public var label: String

    /// A position and its text.
    public init(_ position: Double, _ label: String) {
        self.position = position
        self.label = label
    }
}

/// Ticks at round numbers: 1, 2 or 5 times a power of ten apart.
package enum NiceTicks {
    /// The distance between ticks so that there are at most about `count`.
    static func step(for range: ValueRange, count: Int) -> Double {
        let raw = range.length / Double(max(1, count))
        guard raw.isFinite, raw > 1e-307 else { return max(range.length, 1e-300) }
        let power = NumberText.power(of: 10, NumberText.decimalExponent(raw))
        let lead = raw / power
        // The factors leave room for a lead that is a rounding error above a round number.
        let nice = lead <= 1.0001 ? 1.0 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10
        let step = nice * power
        return step.isFinite && step > 0 ? step : raw
    }

    /// Ticks within the range, with as many decimals as their distance needs.
    package static func ticks(in range: ValueRange, count: Int) -> [Tick] {
        let step = step(for: range, count: count)
        let first = (range.lower / step).rounded(.up)
        var ticks: [Tick] = []
        for index in 0...(max(1, count) * 3) {
            let position = (first + Double(index)) * step
            guard position.isFinite, position <= range.upper + step * 1e-6 else { break }
            ticks.append(Tick(abs(position) < step * 1e-6 ? 0 : position, ""))
        }
        let size = ticks.reduce(0) { max($0, abs($1.position)) }
        for index in ticks.indices { ticks[index].label = label(ticks[index].position, step: step, largest: size) }
        return ticks
    }

    private static func label(_ value: Double, step: Double, largest: Double) -> String {
        if value == 0 { return "0" }
        let stepExponent = NumberText.decimalExponent(step * 1.0001)
        if largest >= 1e7 || largest < 1e-4 {
            let digits = NumberText.decimalExponent(value * 1.0001) - stepExponent + 1
            return NumberText.scientific(value, digits: max(1, min(digits, 6))).replacingExponent()
        }
        return NumberText.fixed(value, max(0, -stepExponent), grouped: true).replacingMinus()
    }
}

extension String {
    /// `1.5e+07` as `1.5e7`, which takes less room beside an axis.
    fileprivate func replacingExponent() -> String {
        guard let mark = firstIndex(of: "e") else { return self }
        let negative = self[index(after: mark)...].hasPrefix("-")
        let digits = self[mark...].dropFirst(2).drop { $0 == "0" }
        return (String(self[..<mark]) + "e" + (negative ? "-" : "") + digits).replacingMinus()
    }

    /// A hyphen in front as a minus sign.
    fileprivate func replacingMinus() -> String { hasPrefix("-") ? "−" + dropFirst() : self }
}
