/// What an observation or an action may be. Every value is a row of numbers.
public enum Space: Sendable, Hashable {
    /// One of `count` choices: one number, 0.0, 1.0, …
    case discrete(Int)
    /// Several choices at once: a number for each, in 0..<count.
    case multiDiscrete([Int])
    /// Numbers between bounds, which may be infinite: a number for each pair of bounds.
    case box(low: [Double], high: [Double])

    /// Numbers without bounds.
    public static func unbounded(_ count: Int) -> Space {
        .box(
            low: [Double](repeating: -.infinity, count: count), high: [Double](repeating: .infinity, count: count))
    }

    /// Numbers that all have the same bounds.
    public static func box(_ bounds: ClosedRange<Double>, count: Int) -> Space {
        .box(
            low: [Double](repeating: bounds.lowerBound, count: count),
            high: [Double](repeating: bounds.upperBound, count: count))
    }

    /// How many numbers a value has.
    public var count: Int {
        switch self {
        case .discrete: 1
        case .multiDiscrete(let counts): counts.count
        case .box(let low, _): low.count
        }
    }

    /// How many numbers a network says or is told a value with: one for each choice (one-hot), one for each number of a box.
    public var encodedCount: Int {
        switch self {
        case .discrete(let count): count
        case .multiDiscrete(let counts): counts.reduce(0, +)
        case .box(let low, _): low.count
        }
    }

    /// The nearest value of a box to a number: what is outside the bounds lies on them, NaN in their middle.
    ///
    /// - Precondition: the space is a box.
    public func clipped(_ value: Double, _ index: Int = 0) -> Double {
        guard case .box(let low, let high) = self else {
            preconditionFailure("Space.clipped: \(self) is no box")
        }
        guard !value.isNaN else {
            let middle = 0.5 * (low[index] + high[index])
            return middle.isFinite ? middle : Swift.min(Swift.max(0, low[index]), high[index])
        }
        return Swift.min(Swift.max(value, low[index]), high[index])
    }

    /// The choice that a number stands for: the nearest one; NaN is the first.
    ///
    /// - Precondition: the space is discrete or multi-discrete.
    public func choice(_ value: Double, _ index: Int = 0) -> Int {
        let count: Int
        switch self {
        case .discrete(let choices): count = choices
        case .multiDiscrete(let counts): count = counts[index]
        case .box: preconditionFailure("Space.choice: \(self) has no choices")
        }
        guard value > 0 else { return 0 }
        return value < Double(count) ? Swift.min(Int(value.rounded()), count - 1) : count - 1
    }

    /// Whether a row of numbers is a value of the space.
    public func contains(_ values: [Double]) -> Bool {
        guard values.count == count else { return false }
        switch self {
        case .discrete(let count):
            return Int(exactly: values[0]).map { (0..<count).contains($0) } ?? false
        case .multiDiscrete(let counts):
            return zip(values, counts).allSatisfy { value, count in
                Int(exactly: value).map { (0..<count).contains($0) } ?? false
            }
        case .box(let low, let high):
            return values.indices.allSatisfy { values[$0] >= low[$0] && values[$0] <= high[$0] }
        }
    }
}

extension Space: CustomStringConvertible {
    /// The space in words.
    public var description: String {
        switch self {
        case .discrete(let count): "\(count) choices"
        case .multiDiscrete(let counts): "choices of " + counts.map(String.init).joined(separator: " × ")
        case .box(let low, _): low.count == 1 ? "1 number" : "\(low.count) numbers"
        }
    }
}
