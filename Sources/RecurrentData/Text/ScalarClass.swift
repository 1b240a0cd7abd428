/// What a Unicode scalar is to the splitting of text into words: the classes of regular expressions.
package struct ScalarClass: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `\p{L}`: a letter.
    package static let letter = ScalarClass(rawValue: 1)
    /// `\p{N}`: a number.
    package static let number = ScalarClass(rawValue: 2)
    /// `\p{M}`: a mark that joins the character before it.
    package static let mark = ScalarClass(rawValue: 4)
    /// `\s`: white space.
    package static let space = ScalarClass(rawValue: 8)
    /// `\w` as Unicode's technical standard 18 defines it.
    package static let word = ScalarClass(rawValue: 16)
    /// Written without spaces between words: Chinese characters and Japanese syllables.
    package static let unspaced = ScalarClass(rawValue: 32)

    /// The class of a scalar.
    package init(_ scalar: UInt32) {
        self = scalar < 0x10000 ? Self.basicPlane[Int(scalar)] : Self.computed(scalar)
    }

    private static let basicPlane: [ScalarClass] = (0..<0x10000).map { computed(UInt32($0)) }

    private static func computed(_ value: UInt32) -> ScalarClass {
        guard let scalar = Unicode.Scalar(value) else { return [] }
        let properties = scalar.properties
        // What came after Unicode 16 is a symbol, whatever the standard library knows: the numbers of a text must not
        // depend on the system that reads it.
        if let age = properties.age, age.major > 16 {
            return unspacedRanges.contains { $0.contains(value) } ? .unspaced : []
        }
        var result: ScalarClass = []
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: result = .letter
        case .decimalNumber: result = [.number, .word]
        case .letterNumber, .otherNumber: result = .number
        case .nonspacingMark, .spacingMark, .enclosingMark: result = [.mark, .word]
        case .connectorPunctuation: result = .word
        default: break
        }
        if properties.isAlphabetic || properties.isJoinControl { result.insert(.word) }
        if properties.isWhitespace { result.insert(.space) }
        if unspacedRanges.contains(where: { $0.contains(value) }) { result.insert(.unspaced) }
        return result
    }

    /// What ``unspaced`` covers; the pattern of words spells the same ranges.
    package static let unspacedRanges: [ClosedRange<UInt32>] = [
        0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF,
        0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFD,
    ]
}
