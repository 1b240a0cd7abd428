public import RecurrentTensor

/// A sequence of numbers in channels, and what is known about it.
public struct SignalExample: Sendable, Hashable {
    /// The numbers, step after step, the channels of a step side by side, [T, C]; NaN where one is missing.
    public var values: [Float]
    /// When each step was, in the unit of the file, rising; nil: one step after another.
    public var times: [Double]?
    /// The class or the number that belongs to it, as it stands in the file; nil: none.
    public var label: String?
    /// What it belongs to, such as a person: examples of one group are like each other.
    public var group: String?
    /// Its name in the file; nil: it has none.
    public var name: String?
    /// Where it begins: `file:line`, or a file.
    public var place: String

    /// An example.
    public init(
        values: [Float], times: [Double]? = nil, label: String? = nil, group: String? = nil, name: String? = nil,
        place: String
    ) {
        (self.values, self.times, self.label) = (values, times, label)
        (self.group, self.name, self.place) = (group, name, place)
    }
}

/// A file of sequences that are read one after another.
///
/// - Numerics: a number is read to the nearest Double and kept as the nearest Float.
public protocol SignalReader: AnyObject {
    /// The names of the channels, C of them; known once the first example is read.
    var channels: [String] { get }
    /// The next example; nil at the end.
    ///
    /// - Throws: `badData` with file, line and column where something cannot be understood, is infinite, or does not fit
    ///   what stands before it.
    func next() throws(RecurrentError) -> SignalExample?
}

extension SignalReader {
    /// The examples that are left.
    package func rest() throws(RecurrentError) -> [SignalExample] {
        var all: [SignalExample] = []
        while let example = try next() { all.append(example) }
        return all
    }
}

/// The names of channels that have none.
package func numberedChannels(_ count: Int) -> [String] {
    count == 1 ? ["value"] : (1...max(1, count)).prefix(count).map { "channel \($0)" }
}
