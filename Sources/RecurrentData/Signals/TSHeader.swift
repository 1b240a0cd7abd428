import RecurrentTensor

/// What the head of a `.ts` file says: the lines that begin with @.
///
/// - Source: the format of the UCR and UEA archives; names of attributes are read whatever their letters' size.
public struct TSHeader: Sendable, Hashable {
    /// The name of the data.
    public var problem: String?
    /// Whether each value has a time stamp.
    public var hasTimes = false
    /// The number of channels that is promised; nil: none is.
    public var dimensions: Int?
    /// The number of steps that is promised; nil: none is.
    public var seriesLength: Int?
    /// The classes; nil: there are none, or they are not named.
    public var classes: [String]?
    /// Whether each sequence ends with a class.
    public var hasClass = false
    /// Whether each sequence ends with a number that belongs to it.
    public var hasTarget = false

    /// Whether something stands behind the last channel.
    public var hasLabel: Bool { hasClass || hasTarget }

    /// An empty head.
    public init() {}

    /// Takes a line that begins with @; whether the data follow.
    mutating func take(_ line: [UInt8], place: String) throws(RecurrentError) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        let words = text.split { $0 == " " || $0 == "\t" || $0 == "," }.map(String.init)
        let key = words[0].lowercased()
        func flag() throws(RecurrentError) -> Bool {
            switch words.count > 1 ? words[1].lowercased() : "" {
            case "true": return true
            case "false": return false
            default:
                throw RecurrentError(
                    .badData, "\(printable(words[0])) says neither true nor false", at: place,
                    help: "write \(printable(words[0], limit: 40)) true or \(printable(words[0], limit: 40)) false")
            }
        }
        func number() throws(RecurrentError) -> Int {
            guard words.count > 1, let number = Int(words[1]), number >= 1, number <= 1 << 40 else {
                throw RecurrentError(
                    .badData, "\(printable(words[0], limit: 40)) needs a whole number from 1 on", at: place)
            }
            return number
        }
        switch key {
        case "@problemname": problem = words.count > 1 ? words[1] : nil
        case "@timestamps": hasTimes = try flag()
        case "@univariate": if try flag() { dimensions = 1 }
        case "@dimensions", "@dimension": dimensions = try number()
        case "@serieslength": seriesLength = try number()
        case "@missing", "@equallength": _ = try flag()
        case "@classlabel":
            hasClass = try flag()
            classes = hasClass && words.count > 2 ? Array(words.dropFirst(2)) : nil
        case "@targetlabel": hasTarget = try flag()
        case "@data": return true
        default:
            throw RecurrentError(
                .badData, "there is no attribute \(excerpt(words[0]))", at: place,
                help: Spelling.help(for: words[0], in: Self.names))
        }
        return false
    }

    private static let names = [
        "@problemName", "@timeStamps", "@missing", "@univariate", "@dimensions", "@equalLength", "@seriesLength",
        "@classLabel", "@targetLabel", "@data",
    ]
}
