/// How numbers are spread: what a histogram of TensorBoard shows.
public struct Histogram: Sendable, Hashable {
    /// The least number; infinity where there is none.
    public private(set) var minimum = Double.infinity
    /// The greatest number; minus infinity where there is none.
    public private(set) var maximum = -Double.infinity
    /// How many numbers there are. NaN and infinity are not counted.
    public private(set) var count = 0
    /// How many numbers were left out because they are NaN or infinite.
    public private(set) var nonFiniteCount = 0
    /// The sum of the numbers.
    public private(set) var sum = 0.0
    /// The sum of their squares.
    public private(set) var sumOfSquares = 0.0
    /// How many numbers lie in each bin.
    public private(set) var bins: [Int] = []

    /// The spread of numbers over bins of one width from the least to the greatest.
    ///
    /// - Precondition: there is a bin at least.
    public init(_ numbers: some Collection<Double>, binCount: Int = 50) {
        precondition(binCount > 0, "Histogram: \(binCount) bins; 1 is needed")
        for number in numbers {
            guard number.isFinite else {
                nonFiniteCount += 1
                continue
            }
            count += 1
            minimum = min(minimum, number)
            maximum = max(maximum, number)
            sum += number
            sumOfSquares += number * number
        }
        guard count > 0 else { return }
        let width = maximum - minimum
        // Equal numbers need one bin; of numbers so far apart that their distance overflows, bins tell nothing.
        bins = [Int](repeating: 0, count: width > 0 && width.isFinite ? binCount : 1)
        guard bins.count > 1 else {
            bins[0] = count
            return
        }
        for number in numbers where number.isFinite {
            bins[min(Int((number - minimum) / width * Double(binCount)), binCount - 1)] += 1
        }
    }

    /// The upper end of each bin.
    var limits: [Double] {
        let width = maximum - minimum
        return bins.indices.map { index in
            index == bins.count - 1 ? maximum : minimum + width * (Double(index + 1) / Double(bins.count))
        }
    }
}
