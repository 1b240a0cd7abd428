public import RecurrentTensor

extension JSON {
    /// Reads one JSON value; the whole input must be that value.
    ///
    /// Strict: RFC 8259 with no extension, UTF-8 only, no byte order mark, no key twice in one object, no number beyond
    /// the range of a `Double`.
    ///
    /// - Parameters:
    ///   - source: the name of the input in errors, usually its path.
    ///   - maximumBytes: longer input is refused before it is looked at.
    ///   - maximumDepth: how deep lists and objects may nest.
    ///   - category: the category of the error, which decides a program's exit code.
    /// - Throws: `RecurrentError` with the place as `source:line:column` (columns count Unicode scalars).
    public init(
        parsing bytes: [UInt8], from source: String = "JSON", maximumBytes: Int = 1 << 28, maximumDepth: Int = 64,
        category: RecurrentError.Category = .badData
    ) throws(RecurrentError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(RecurrentError) in
            try JSONParser.parse(
                buffer, from: source, maximumBytes: maximumBytes, maximumDepth: maximumDepth, category: category)
        }
    }

    /// Reads one JSON value from a text; the whole text must be that value.
    ///
    /// - Throws: `RecurrentError` with the place as `source:line:column`.
    public init(
        parsing text: String, from source: String = "JSON", category: RecurrentError.Category = .badData
    ) throws(RecurrentError) {
        try self.init(parsing: Array(text.utf8), from: source, category: category)
    }
}

/// A strict reader of JSON over bytes in memory. It touches each byte a bounded number of times.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    /// A value of two bytes of text takes some thirty in memory; this bounds the sum.
    private var valuesLeft = 1 << 24
    private(set) var position = 0

    /// What is wrong, and at which byte.
    struct Failure: Error {
        var offset: Int
        var what: String
        var why: String?
        var help: String?
    }

    /// Reads a whole text as one value.
    static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, from source: String, maximumBytes: Int, maximumDepth: Int,
        category: RecurrentError.Category
    ) throws(RecurrentError) -> JSON {
        try read(bytes, from: source, maximumBytes: maximumBytes, maximumDepth: maximumDepth, category: category) {
            (parser) throws(Failure) in try parser.value(depth: 0)
        }
    }

    /// Reads a whole text with a function that steps through it.
    static func read<Result>(
        _ bytes: UnsafeBufferPointer<UInt8>, from source: String, maximumBytes: Int, maximumDepth: Int,
        category: RecurrentError.Category, _ body: (inout JSONParser) throws(Failure) -> Result
    ) throws(RecurrentError) -> Result {
        guard bytes.count <= maximumBytes else {
            throw RecurrentError(
                category, "JSON of \(bytes.count) bytes is too long", at: source,
                why: "at most \(maximumBytes) bytes are read")
        }
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        do throws(Failure) {
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
                throw Failure(
                    offset: 0, what: "the text begins with a byte order mark", help: "save it as plain UTF-8")
            }
            parser.skipWhitespace()
            let result = try body(&parser)
            parser.skipWhitespace()
            if parser.position < bytes.count { throw parser.unexpected(wanted: "the end of the text") }
            return result
        } catch {
            let (line, column) = TextPlace.lineAndColumn(of: error.offset, in: bytes)
            throw RecurrentError(
                category, error.what, at: "\(source):\(line):\(column)", why: error.why, help: error.help)
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    // MARK: - Values

    /// Recursion is bounded by `maximumDepth`.
    mutating func value(depth: Int) throws(Failure) -> JSON {
        valuesLeft -= 1
        if valuesLeft < 0 { throw Failure(offset: position, what: "there are too many values") }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw unexpected(wanted: "a value")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        var object = JSONObject()
        try members(depth: depth) { (parser, key, place) throws(Failure) in
            let value = try parser.value(depth: depth)
            guard object.append(key, value) else { throw Self.duplicate(key, place) }
        }
        return .object(object)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        var elements: [JSON] = []
        try self.elements(depth: depth) { (parser) throws(Failure) in
            elements.append(try parser.value(depth: depth))
        }
        return .array(elements)
    }

    /// Steps through the members of an object; `member` gets each key and its place, and reads the value.
    mutating func members(
        depth: Int, _ member: (inout JSONParser, String, Int) throws(Failure) -> Void
    ) throws(Failure) {
        try checkDepth(depth)
        guard take("{") else { throw unexpected(wanted: "an object") }
        skipWhitespace()
        if take("}") { return }
        while true {
            guard peek == UInt8(ascii: "\"") else { throw unexpected(wanted: "a key in double quotes") }
            let place = position
            let key = try string()
            skipWhitespace()
            guard take(":") else { throw unexpected(wanted: "\":\" after the key") }
            skipWhitespace()
            try member(&self, key, place)
            skipWhitespace()
            if take("}") { return }
            guard take(",") else { throw unexpected(wanted: "\",\" or \"}\"") }
            skipWhitespace()
        }
    }

    /// Steps through the elements of a list; `element` reads each.
    mutating func elements(
        depth: Int, _ element: (inout JSONParser) throws(Failure) -> Void
    ) throws(Failure) {
        try checkDepth(depth)
        guard take("[") else { throw unexpected(wanted: "a list") }
        skipWhitespace()
        if take("]") { return }
        while true {
            try element(&self)
            skipWhitespace()
            if take("]") { return }
            guard take(",") else { throw unexpected(wanted: "\",\" or \"]\"") }
            skipWhitespace()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(Failure) -> JSON {
        let end = position + word.utf8CodeUnitCount
        let matches =
            end <= bytes.count
            && word.withUTF8Buffer { $0.elementsEqual(UnsafeBufferPointer(rebasing: bytes[position..<end])) }
        guard matches else { throw unexpected(wanted: "\(word)") }
        position = end
        return value
    }

    // MARK: - Numbers

    mutating func number() throws(Failure) -> JSON {
        let start = position
        let negative = take("-")
        let firstDigit = position
        var mantissa: UInt64 = 0  // exact as long as there are at most 19 digits
        var digits = takeDigits(into: &mantissa)
        if digits == 0 { throw unexpected(wanted: "a digit") }
        if digits > 1, bytes[firstDigit] == UInt8(ascii: "0") {
            throw Failure(offset: firstDigit, what: "a number begins with a needless 0")
        }
        var exponent = 0
        var whole = true
        if take(".") {
            whole = false
            let fraction = takeDigits(into: &mantissa)
            if fraction == 0 { throw unexpected(wanted: "a digit after the point") }
            digits += fraction
            exponent = -fraction
        }
        if let letter = peek, letter | 0x20 == UInt8(ascii: "e") {
            whole = false
            position += 1
            let negativeExponent = take("-")
            if !negativeExponent { _ = take("+") }
            var power: UInt64 = 0
            let count = takeDigits(into: &power)
            if count == 0 { throw unexpected(wanted: "a digit in the exponent") }
            // Only the short path below uses this figure, and only when it is small.
            exponent += (negativeExponent ? -1 : 1) * (count > 6 ? 1 << 40 : Int(power))
        }
        if digits <= 19 {
            if whole, let value = wholeNumber(mantissa, negative: negative) { return value }
            // Both factors are exact, so that one rounding gives the nearest Double (Clinger's fast path).
            if mantissa <= 1 << 53, abs(exponent) <= 22 {
                let power = Self.powersOfTen[abs(exponent)]
                let size = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
                return .number(negative ? -size : size)
            }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw Failure(offset: start, what: "a number is too large", help: "the largest is about 1.8e308")
        }
        return .number(value)
    }

    /// Nil for −0, which only a `Double` can hold, and beyond 64 bits.
    private func wholeNumber(_ size: UInt64, negative: Bool) -> JSON? {
        if !negative { return Int64(exactly: size).map { .integer($0) } }
        if size == 0 || size > UInt64(Int64.max) + 1 { return nil }
        return .integer(Int64(truncatingIfNeeded: 0 &- size))
    }

    /// Steps over digits and returns how many there were; `value` wraps beyond 19 of them.
    private mutating func takeDigits(into value: inout UInt64) -> Int {
        let start = position
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        return position - start
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    // MARK: - Strings

    mutating func string() throws(Failure) -> String {
        guard take("\"") else { throw unexpected(wanted: "a text") }
        let start = position
        var ascii = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try text(from: start, to: position, ascii: ascii)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start, ascii: ascii) }
            if byte < 0x20 { throw controlCharacter(byte) }
            if byte >= 0x80 { ascii = false }
            position += 1
        }
        throw Failure(offset: start - 1, what: "a text has no closing quote")
    }

    /// The rest of a string, from its first backslash on.
    private mutating func escapedString(from start: Int, ascii: Bool) throws(Failure) -> String {
        var unescaped = Array(bytes[start..<position])
        try checkUTF8(from: start, to: position, ascii: ascii)
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try escape(into: &unescaped)
            case 0..<0x20:
                throw controlCharacter(byte)
            case 0..<0x80:
                unescaped.append(byte)
                position += 1
            default:
                let length = UTF8Validation.sequenceLength(in: bytes, at: position)
                guard length > 0 else { throw notUTF8(at: position) }
                unescaped.append(contentsOf: bytes[position..<position + length])
                position += length
            }
        }
        throw Failure(offset: start - 1, what: "a text has no closing quote")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        let place = position
        position += 1
        guard let letter = peek else { throw Failure(offset: place, what: "a text ends inside an escape") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let first = try hexadecimal(place)
            var code = UInt32(first)
            if first & 0xFC00 == 0xD800 {
                guard take("\\"), take("u"), case let second = try hexadecimal(place), second & 0xFC00 == 0xDC00 else {
                    throw Failure(offset: place, what: "an escape is half of a surrogate pair")
                }
                code = 0x1_0000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw Failure(offset: place, what: "an escape is half of a surrogate pair")
            }
            text.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        default:
            throw Failure(offset: place, what: "a backslash is followed by \(Self.name(letter))")
        }
    }

    private mutating func hexadecimal(_ place: Int) throws(Failure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let letter = peek, let digit = Character(Unicode.Scalar(letter)).hexDigitValue, letter < 0x80 else {
                throw Failure(offset: place, what: "\\u is not followed by four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    private func text(from start: Int, to end: Int, ascii: Bool) throws(Failure) -> String {
        try checkUTF8(from: start, to: end, ascii: ascii)
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
    }

    private func checkUTF8(from start: Int, to end: Int, ascii: Bool) throws(Failure) {
        if ascii { return }
        var place = start
        while place < end {
            let length = UTF8Validation.sequenceLength(in: bytes, at: place)
            guard length > 0 else { throw notUTF8(at: place) }
            place += length
        }
    }

    // MARK: - Small steps

    @inline(__always)
    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always)
    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard peek == UInt8(truncatingIfNeeded: letter.value) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func checkDepth(_ depth: Int) throws(Failure) {
        if depth > maximumDepth {
            throw Failure(offset: position, what: "lists and objects nest deeper than \(maximumDepth)")
        }
    }

    // MARK: - Failures

    static func duplicate(_ key: String, _ place: Int) -> Failure {
        Failure(offset: place, what: "the key \(JSON.string(key).text()) stands twice in one object")
    }

    private func unexpected(wanted: String) -> Failure {
        guard let byte = peek else { return Failure(offset: position, what: "the text ends where \(wanted) is needed") }
        if byte >= 0x80, UTF8Validation.sequenceLength(in: bytes, at: position) == 0 { return notUTF8(at: position) }
        return Failure(offset: position, what: "\(Self.name(byte)) stands where \(wanted) is needed")
    }

    private func controlCharacter(_ byte: UInt8) -> Failure {
        Failure(
            offset: position, what: "\(Self.name(byte)) stands inside a text",
            help: "control characters are written with a backslash")
    }

    private func notUTF8(at place: Int) -> Failure {
        Failure(offset: place, what: "the text is not UTF-8", help: "save it as UTF-8")
    }

    private static func name(_ byte: UInt8) -> String {
        switch byte {
        case 0x0A: "the end of a line"
        case 0x09: "a tab"
        case 0x21..<0x7F: "\"\(Unicode.Scalar(byte))\""
        case 0x20: "a space"
        default: "byte 0x" + Hexadecimal.text([byte])
        }
    }
}
