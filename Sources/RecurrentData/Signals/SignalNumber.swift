import RecurrentTensor

/// Numbers of sequences, as fields of text.
enum SignalNumber {
    /// The number that stands in a field: NaN where it says that it is missing.
    ///
    /// - Throws: `badData` at the place of the field where it is infinite, no number, or too large for a Float.
    static func value(
        _ field: UnsafeBufferPointer<UInt8>, _ format: NumberFormat = NumberFormat(),
        at place: @autoclosure () -> String
    ) throws(RecurrentError) -> Float {
        switch format.parse(field) {
        case .value(let number):
            let value = Float(number)
            guard value.isFinite else {
                throw RecurrentError(
                    .badData, "\(excerpt(field)) is too large a number", at: place(),
                    why: "numbers are kept with 32 bits, up to 3.4e38", help: "scale the channel")
            }
            return value
        case .missing: return .nan
        case .infinite:
            throw RecurrentError(
                .badData, "an infinite value", at: place(), why: "a signal holds finite numbers",
                help: "write ? where a value is missing")
        case .text:
            throw RecurrentError(
                .badData, "\(excerpt(field)) is no number", at: place(), help: "write ? where a value is missing")
        }
    }

    /// A field as an exact number; nil where it is none.
    static func double(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
        guard case .value(let number) = NumberFormat().parse(field) else { return nil }
        return number
    }
}
