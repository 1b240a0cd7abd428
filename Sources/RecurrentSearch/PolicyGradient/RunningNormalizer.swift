package import RecurrentFormats
package import RecurrentTensor

/// Means and variances of numbers as they come, by which they are brought to a like scale.
///
/// - Source: the parallel update of Chan, Golub & LeVeque 1979.
package struct RunningNormalizer: Sendable, Hashable {
    /// How many rows were seen.
    package private(set) var count = 0.0
    /// The mean of each number.
    package private(set) var mean: [Double]
    /// The sum of the squared distances from the mean.
    private var squares: [Double]
    /// Numbers further from the mean than so many deviations are held back.
    static let limit = 10.0

    package init(_ size: Int) {
        mean = [Double](repeating: 0, count: size)
        squares = mean
    }

    /// The variance of a number; 1 before anything was seen.
    package func variance(_ index: Int) -> Double { count > 1 ? squares[index] / count : 1 }

    /// Takes rows.
    package mutating func add(_ rows: [Double]) {
        let size = mean.count
        guard size > 0, rows.count >= size else { return }
        let added = Double(rows.count / size)
        for index in 0..<size {
            var sum = 0.0
            for position in stride(from: index, to: rows.count, by: size) { sum += rows[position] }
            let average = sum / added
            var distance = 0.0
            for position in stride(from: index, to: rows.count, by: size) {
                distance += (rows[position] - average) * (rows[position] - average)
            }
            let gap = average - mean[index]
            mean[index] += gap * added / (count + added)
            squares[index] += distance + gap * gap * count * added / (count + added)
        }
        count += added
    }

    /// What a number is scaled by.
    package func scale(_ index: Int) -> Double { 1 / (variance(index) + 1e-8).squareRoot() }

    /// Each number less its mean, in deviations.
    package func normalized(_ rows: [Double]) -> [Float] {
        let size = mean.count
        guard count > 0 else { return rows.map { Float($0) } }
        let scales = (0..<size).map { scale($0) }
        var result = [Float](repeating: 0, count: rows.count)
        var index = 0
        for position in rows.indices {
            let value = (rows[position] - mean[index]) * scales[index]
            result[position] = Float(min(max(value, -Self.limit), Self.limit))
            index = index + 1 == size ? 0 : index + 1
        }
        return result
    }

    // MARK: - Stored

    package var json: JSON {
        // The bits of a double are kept exactly as text.
        func exact(_ values: [Double]) -> JSON { .array(values.map { .string(String($0.bitPattern, radix: 16)) }) }
        return ["count": exact([count]), "mean": exact(mean), "squares": exact(squares)]
    }

    package init(_ json: JSONCursor, size: Int) throws(RecurrentError) {
        self.init(size)
        func exact(_ key: String, _ count: Int) throws(RecurrentError) -> [Double] {
            let texts = try json[key].strings()
            let values = texts.compactMap { UInt64($0, radix: 16).map { Double(bitPattern: $0) } }
            guard values.count == count, texts.count == count, values.allSatisfy(\.isFinite) else {
                throw json[key].error("\(count) finite numbers are needed, as bits in base 16")
            }
            return values
        }
        count = try exact("count", 1)[0]
        mean = try exact("mean", size)
        squares = try exact("squares", size)
        guard count >= 0, squares.allSatisfy({ $0 >= 0 }) else {
            throw json.error("counts and squares are not negative")
        }
    }
}
