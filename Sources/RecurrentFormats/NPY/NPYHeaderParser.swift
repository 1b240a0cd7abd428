import RecurrentTensor

/// Reads the dictionary of an NPY header: a Python literal with the keys `descr`, `fortran_order` and `shape`, each once
/// and no other.
struct NPYHeaderParser {
    private let bytes: [UInt8]
    private let source: String
    private var position = 0

    static func parse(_ bytes: [UInt8], source: String) throws(RecurrentError) -> NPYHeader {
        var parser = NPYHeaderParser(bytes: bytes, source: source)
        return try parser.dictionary()
    }

    private init(bytes: [UInt8], source: String) {
        self.bytes = bytes
        self.source = source
    }

    // MARK: - The dictionary

    private mutating func dictionary() throws(RecurrentError) -> NPYHeader {
        var type: (ElementType, isBigEndian: Bool)?
        var isFortranOrder: Bool?
        var shape: [Int]?
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where type == nil: type = try elementType()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try truth()
            case "shape" where shape == nil: shape = try tuple()
            case "descr", "fortran_order", "shape": throw failure("the key '\(key)' stands twice")
            default: throw failure("an unknown key \(JSON.string(key).text())")
            }
            if !take(",") {
                try expect("}")
                break
            }
        }
        skipSpace()
        if position < bytes.count { throw failure("something follows the dictionary") }
        guard let type, let isFortranOrder, let shape else {
            throw failure(
                "the key '\(type == nil ? "descr" : isFortranOrder == nil ? "fortran_order" : "shape")' is missing")
        }
        return NPYHeader(
            elementType: type.0, isBigEndian: type.isBigEndian, isFortranOrder: isFortranOrder, shape: shape)
    }

    private mutating func elementType() throws(RecurrentError) -> (ElementType, isBigEndian: Bool) {
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "[") { throw refused("structured records") }
        let code = try string()
        let order = code.unicodeScalars.first ?? " "
        guard "<>|".unicodeScalars.contains(order) else {
            throw failure("the element type \(JSON.string(code).text()) does not say its byte order")
        }
        let name = String(code.unicodeScalars.dropFirst())
        switch name {
        case "i1": return (.int8, false)
        case "u1": return (.uint8, false)
        case "b1": return (.bool, false)
        case "V2" where order != ">": return (.bfloat16, false)
        default: break
        }
        if order != "|" {
            switch name {
            case "f4": return (.float32, order == ">")
            case "f8": return (.float64, order == ">")
            case "i4": return (.int32, order == ">")
            case "i8": return (.int64, order == ">")
            case "f2": return (.float16, order == ">")
            default: break
            }
        }
        throw refused(Self.spokenName(name) ?? "unknown type \(JSON.string(code).text())")
    }

    /// What a person calls the element types of numpy that no tensor here can hold.
    private static func spokenName(_ code: String) -> String? {
        switch code {
        case "u2": "type uint16"
        case "u4": "type uint32"
        case "u8": "type uint64"
        case "i2": "type int16"
        case "f12", "f16": "type longdouble"
        case "c8": "type complex64"
        case "c16": "type complex128"
        case "c24", "c32": "type clongdouble"
        default:
            switch code.unicodeScalars.first {
            case "O": "type object (Python objects, which could run code)"
            case "U": "type str (text)"
            case "S", "a": "type bytes (text)"
            case "M": "type datetime64"
            case "m": "type timedelta64"
            case "V": "type void"
            default: nil
            }
        }
    }

    private func refused(_ name: String) -> RecurrentError {
        NPYHeader.failure(
            "its elements are of \(name)", source,
            why: "tensors hold " + ElementType.allCases.map(\.rawValue).joined(separator: ", "),
            help: "convert it first, in Python: numpy.save(FILE, array.astype(\"float32\"))")
    }

    // MARK: - Values

    private mutating func truth() throws(RecurrentError) -> Bool {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw failure("'fortran_order' is neither True nor False")
    }

    /// A tuple of extents: `()`, `(3,)`, `(3, 4)`; a number in parentheses alone is none.
    private mutating func tuple() throws(RecurrentError) -> [Int] {
        var extents: [Int] = []
        try expect("(")
        while !take(")") {
            extents.append(try extent())
            if extents.count > NPYHeader.maximumRank { throw failure("more than \(NPYHeader.maximumRank) axes") }
            if take(",") { continue }
            try expect(")")
            if extents.count == 1 { throw failure("'shape' is a number, not a tuple") }
            break
        }
        return extents
    }

    private mutating func extent() throws(RecurrentError) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, case let digit = bytes[position], (0x30...0x39).contains(digit) {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int(digit & 0x0F))
            if overflow || carry { throw failure("an extent is larger than any memory") }
            value = sum
            position += 1
        }
        let length = position - start
        guard length > 0, length == 1 || bytes[start] != UInt8(ascii: "0") else {
            throw failure("an extent is no whole number from 0 up")
        }
        // Python 2 wrote its long integers so.
        if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
        return value
    }

    /// A string in single or double quotes, without escapes, which no header needs.
    private mutating func string() throws(RecurrentError) -> String {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"")
        else { throw failure("a string is missing") }
        let quote = bytes[position]
        guard let end = bytes[(position + 1)...].firstIndex(of: quote) else { throw failure("a string does not end") }
        let text = bytes[(position + 1)..<end]
        guard !text.contains(UInt8(ascii: "\\")), text.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw failure("a string holds an escape or what is no ASCII")
        }
        position = end + 1
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: - Small steps

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(RecurrentError) {
        if !take(character) { throw failure("'\(character)' is missing") }
    }

    private func failure(_ what: String) -> RecurrentError {
        NPYHeader.failure("its header has at byte \(position): \(what)", source)
    }
}
