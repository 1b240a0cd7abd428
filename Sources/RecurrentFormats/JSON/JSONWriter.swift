public import RecurrentTensor

extension JSON {
    /// How a value is laid out as text.
    public enum Layout: Sendable, Hashable {
        /// One line, no spaces.
        case compact
        /// Two spaces a level; a list of plain values stays on one line.
        case pretty
    }

    /// The value as text. A number that is not finite becomes `null`, for JSON has no word for it.
    ///
    /// Numbers are written with the fewest digits that read back as the same `Double`. Control characters, also those
    /// beyond ASCII, are escaped, so that the text is safe to show in a terminal.
    public func text(_ layout: Layout = .compact) -> String { String(decoding: bytes(layout), as: UTF8.self) }

    /// The value as UTF-8, as ``text(_:)``; `pretty` ends with a newline.
    public func bytes(_ layout: Layout = .compact) -> [UInt8] {
        var writer = JSONWriter(pretty: layout == .pretty)
        writer.write(self, level: 0)
        if layout == .pretty { writer.output.append(0x0A) }
        return writer.output
    }

    /// The value as UTF-8, as ``bytes(_:)``, but a number that is not finite is an error.
    ///
    /// - Throws: `RecurrentError` that names the first such number by its key path.
    public func strictBytes(_ layout: Layout = .compact) throws(RecurrentError) -> [UInt8] {
        var path: [String] = []
        if let number = firstNonFinite(path: &path) {
            let place = path.isEmpty ? "the value" : "\"" + path.joined(separator: ".") + "\""
            throw RecurrentError(.failure, "\(place) is \(number), which JSON cannot express")
        }
        return bytes(layout)
    }

    private func firstNonFinite(path: inout [String]) -> Double? {
        func inner(_ key: String, _ value: JSON) -> Double? {
            path.append(key)
            if let found = value.firstNonFinite(path: &path) { return found }
            path.removeLast()
            return nil
        }
        switch self {
        case .number(let value): return value.isFinite ? nil : value
        case .array(let elements):
            for (position, element) in elements.enumerated() {
                if let found = inner(String(position), element) { return found }
            }
        case .object(let object):
            for (key, value) in object { if let found = inner(key, value) { return found } }
        default: break
        }
        return nil
    }
}

extension JSON: CustomStringConvertible {
    /// The value as one line of JSON.
    public var description: String { text() }
}

private struct JSONWriter {
    var output: [UInt8] = []
    let pretty: Bool

    init(pretty: Bool) { self.pretty = pretty }

    mutating func write(_ value: JSON, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value): append(value.isFinite ? value.description : "null")
        case .string(let value): write(value)
        case .array(let elements):
            let broken = pretty && elements.contains { $0.arrayValue != nil || $0.objectValue != nil }
            list("[", "]", count: elements.count, broken: broken, level: level) { writer, position in
                writer.write(elements[position], level: level + 1)
            }
        case .object(let object):
            list("{", "}", count: object.count, broken: pretty, level: level) { writer, position in
                writer.write(object.keys[position])
                writer.append(writer.pretty ? ": " : ":")
                writer.write(object.values[position], level: level + 1)
            }
        }
    }

    private mutating func list(
        _ open: String, _ close: String, count: Int, broken: Bool, level: Int,
        element: (inout JSONWriter, Int) -> Void
    ) {
        append(open)
        for position in 0..<count {
            if position > 0 { append(broken || !pretty ? "," : ", ") }
            if broken { newline(level + 1) }
            element(&self, position)
        }
        if broken, count > 0 { newline(level) }
        append(close)
    }

    private mutating func newline(_ level: Int) {
        output.append(0x0A)
        for _ in 0..<level { append("  ") }
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func write(_ text: String) {
        output.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            // U+2028 and U+2029 end a line in JavaScript, the others command a terminal.
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
                append("\\u")
                append(Hexadecimal.text([UInt8(scalar.value >> 8), UInt8(scalar.value & 0xFF)]))
            case 0x20..<0x7F: output.append(UInt8(scalar.value))
            default: output.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
