public import RecurrentFormats
public import RecurrentTensor

/// One setting that a study varies: its name, and how it is drawn.
///
/// Each law maps a number u, uniform in [0, 1), to a value; samplers and analyses work with u, where every law is uniform.
public struct SearchAxis: Sendable, Hashable {
    /// How a setting is drawn.
    public enum Law: Sendable, Hashable {
        /// Every value between two is as probable as any other.
        case uniform(Double, Double)
        /// Every factor is as probable as any other: the logarithm is uniform. Both ends are above 0.
        case logUniform(Double, Double)
        /// 1 − x with x log-uniform, as for a momentum: from 1 − `high` to 1 − `low`.
        case oneMinusLogUniform(low: Double, high: Double)
        /// A whole number, both ends included.
        case integer(Int, Int)
        /// A whole number, both ends included: k with the probability of [k, k + 1) of a log-uniform number. Both ends are
        /// above 0.
        case logInteger(Int, Int)
        /// One of several words.
        case choice([String])
    }

    /// The name.
    public let name: String
    /// How it is drawn.
    public let law: Law

    /// An axis.
    ///
    /// - Throws: `usage` where the range is empty or not finite, where a logarithm has no value, where a choice has no words or
    ///   the same twice.
    public init(_ name: String, _ law: Law) throws(RecurrentError) {
        (self.name, self.law) = (name, law)
        if let problem { throw RecurrentError(.usage, problem, at: name) }
    }

    private var problem: String? {
        func range(_ low: Double, _ high: Double, above limit: Double? = nil) -> String? {
            guard low.isFinite, high.isFinite, abs(low) <= 1e300, abs(high) <= 1e300, low < high else {
                return "the range from \(low) to \(high) is empty"
            }
            if let limit, low <= limit { return "a range on a logarithmic scale begins above 0, not at \(low)" }
            return nil
        }
        switch law {
        case .uniform(let low, let high): return range(low, high)
        case .logUniform(let low, let high): return range(low, high, above: 0)
        case .oneMinusLogUniform(let low, let high):
            return range(low, high, above: 0) ?? (high <= 1 ? nil : "1 − \(high) is below 0")
        case .integer(let low, let high), .logInteger(let low, let high):
            let most = 1 << 50
            guard low < high, low > -most, high < most else { return "the range from \(low) to \(high) is empty" }
            if case .logInteger = law, low < 1 {
                return "a range on a logarithmic scale begins above 0, not at \(low)"
            }
            return nil
        case .choice(let words):
            if words.isEmpty { return "there is nothing to choose from" }
            return Set(words).count == words.count ? nil : "the same word stands twice"
        }
    }

    /// The value of u.
    ///
    /// - Parameter unit: in [0, 1]; numbers beyond count as the nearest end.
    public func value(at unit: Double) -> SearchValue {
        let u = unit.isFinite ? min(max(unit, 0), 1) : 0
        func power(_ low: Double, _ high: Double) -> Double {
            min(max(Double.exp(Double.log(low) + u * (Double.log(high) - Double.log(low))), low), high)
        }
        switch law {
        case .uniform(let low, let high): return .number(low + u * (high - low))
        case .logUniform(let low, let high): return .number(power(low, high))
        case .oneMinusLogUniform(let low, let high): return .number(1 - power(low, high))
        case .integer(let low, let high):
            return .integer(min(high, low + Int(u * Double(high - low + 1))))
        case .logInteger(let low, let high):
            return .integer(min(high, max(low, Int(power(Double(low), Double(high + 1))))))
        case .choice(let words): return .word(words[min(words.count - 1, Int(u * Double(words.count)))])
        }
    }

    /// Where a value stands, in [0, 1]: the middle of its share for whole numbers and words; nil where it is no value of the
    /// axis.
    public func unit(of value: SearchValue) -> Double? {
        func share(_ x: Double, _ low: Double, _ high: Double) -> Double? {
            let u = (x - low) / (high - low)
            // Values that went through text and back may miss the ends by a rounding.
            return u >= -1e-9 && u <= 1 + 1e-9 ? min(max(u, 0), 1) : nil
        }
        switch (law, value) {
        case (.uniform(let low, let high), .number(let x)): return share(x, low, high)
        case (.logUniform(let low, let high), .number(let x)):
            return x > 0 ? share(Double.log(x), Double.log(low), Double.log(high)) : nil
        case (.oneMinusLogUniform(let low, let high), .number(let x)):
            return x < 1 ? share(Double.log(1 - x), Double.log(low), Double.log(high)) : nil
        case (.integer(let low, let high), .integer(let k)):
            return (low...high).contains(k) ? (Double(k - low) + 0.5) / Double(high - low + 1) : nil
        case (.logInteger(let low, let high), .integer(let k)):
            guard (low...high).contains(k) else { return nil }
            let middle = (Double.log(Double(k)) + Double.log(Double(k + 1))) / 2
            return share(middle, Double.log(Double(low)), Double.log(Double(high + 1)))
        case (.choice(let words), .word(let word)):
            return words.firstIndex(of: word).map { (Double($0) + 0.5) / Double(words.count) }
        default: return nil
        }
    }

    /// Whether the axis is an order of values, not a set of words.
    package var isOrdered: Bool {
        if case .choice = law { false } else { true }
    }

    /// How the axis reads in a sentence: `log-uniform from 1e-06 to 0.01`.
    public var description: String {
        switch law {
        case .uniform(let low, let high): "uniform from \(low) to \(high)"
        case .logUniform(let low, let high): "log-uniform from \(low) to \(high)"
        case .oneMinusLogUniform(let low, let high): "1 − log-uniform from \(low) to \(high)"
        case .integer(let low, let high): "whole, uniform from \(low) to \(high)"
        case .logInteger(let low, let high): "whole, log-uniform from \(low) to \(high)"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        }
    }
}

/// A value of a setting.
public enum SearchValue: Sendable, Hashable {
    /// A number.
    case number(Double)
    /// A whole number.
    case integer(Int)
    /// A word.
    case word(String)

    /// As a number; nil for a word.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        case .word: nil
        }
    }

    /// As JSON.
    public var json: JSON {
        switch self {
        case .number(let value): JSON(value)
        case .integer(let value): JSON(value)
        case .word(let value): .string(value)
        }
    }
}

extension SearchAxis {
    /// As JSON.
    package var json: JSON {
        func axis(_ law: String, _ low: JSON, _ high: JSON) -> JSON {
            ["name": .string(name), "law": .string(law), "low": low, "high": high]
        }
        return switch law {
        case .uniform(let low, let high): axis("uniform", JSON(low), JSON(high))
        case .logUniform(let low, let high): axis("log-uniform", JSON(low), JSON(high))
        case .oneMinusLogUniform(let low, let high): axis("one-minus-log-uniform", JSON(low), JSON(high))
        case .integer(let low, let high): axis("integer", JSON(low), JSON(high))
        case .logInteger(let low, let high): axis("log-integer", JSON(low), JSON(high))
        case .choice(let words): ["name": .string(name), "law": "choice", "words": JSON(words)]
        }
    }

    package init(_ json: JSONCursor) throws(RecurrentError) {
        let name = try json["name"].string()
        func numbers() throws(RecurrentError) -> (Double, Double) {
            (try json["low"].double(), try json["high"].double())
        }
        func whole() throws(RecurrentError) -> (Int, Int) { (try json["low"].int(), try json["high"].int()) }
        let law: Law
        switch try json["law"].string() {
        case "uniform":
            let (low, high) = try numbers()
            law = .uniform(low, high)
        case "log-uniform":
            let (low, high) = try numbers()
            law = .logUniform(low, high)
        case "one-minus-log-uniform":
            let (low, high) = try numbers()
            law = .oneMinusLogUniform(low: low, high: high)
        case "integer":
            let (low, high) = try whole()
            law = .integer(low, high)
        case "log-integer":
            let (low, high) = try whole()
            law = .logInteger(low, high)
        case "choice": law = .choice(try json["words"].strings())
        case let other: throw json["law"].error("there is no law '\(other)'")
        }
        do throws(RecurrentError) {
            self = try SearchAxis(name, law)
        } catch {
            throw json.error(error.what)
        }
    }

    /// Reads a value of the axis.
    package func value(_ json: JSONCursor) throws(RecurrentError) -> SearchValue {
        let value: SearchValue =
            switch law {
            case .uniform, .logUniform, .oneMinusLogUniform: .number(try json.double())
            case .integer, .logInteger: .integer(try json.int())
            case .choice: .word(try json.string())
            }
        guard unit(of: value) != nil else { throw json.error("this is no value of '\(name)': \(description)") }
        return value
    }
}
