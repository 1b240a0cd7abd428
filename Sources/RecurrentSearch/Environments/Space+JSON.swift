public import RecurrentFormats
public import RecurrentTensor

extension Space {
    /// More choices or numbers than any space has.
    static let maximumSize = 1 << 20

    /// The space as JSON: a bound that is infinite is null.
    public var json: JSON {
        func bounds(_ values: [Double]) -> JSON { .array(values.map { $0.isFinite ? JSON($0) : .null }) }
        switch self {
        case .discrete(let count): return ["type": "discrete", "count": JSON(count)]
        case .multiDiscrete(let counts): return ["type": "multi-discrete", "counts": JSON(counts)]
        case .box(let low, let high): return ["type": "box", "low": bounds(low), "high": bounds(high)]
        }
    }

    /// Reads a space.
    ///
    /// - Throws: where it has no values, or is of a kind that is not known.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        func bounds(_ key: String, _ standard: Double) throws(RecurrentError) -> [Double] {
            var values: [Double] = []
            for element in try json[key].elements() { values.append(try element.ifPresent?.double() ?? standard) }
            return values
        }
        switch try json["type"].string() {
        case "discrete": self = .discrete(try json["count"].int(in: 1...Self.maximumSize))
        case "multi-discrete":
            let counts = try json["counts"].ints()
            guard !counts.isEmpty, counts.count <= Self.maximumSize,
                counts.allSatisfy({ (1...Self.maximumSize).contains($0) }),
                counts.reduce(0, { min($0 + $1, Self.maximumSize + 1) }) <= Self.maximumSize
            else { throw json["counts"].error("these are no counts of choices") }
            self = .multiDiscrete(counts)
        case "box":
            let (low, high) = (try bounds("low", -.infinity), try bounds("high", .infinity))
            guard !low.isEmpty, low.count == high.count, low.count <= Self.maximumSize,
                zip(low, high).allSatisfy({ $0 <= $1 })
            else { throw json.error("the bounds of the box do not fit one another") }
            self = .box(low: low, high: high)
        case let other:
            throw json["type"].error(
                "spaces of the type '\(other)' are not known: discrete, multi-discrete and box are")
        }
    }
}
