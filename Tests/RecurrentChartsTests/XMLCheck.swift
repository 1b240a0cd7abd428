/// A small judge of whether a text is well-formed XML: balanced tags, quoted attributes, known references, no forbidden
/// characters.
enum XMLCheck {
    /// What is wrong, or nil.
    static func problem(_ text: String) -> String? {
        var open: [String] = []
        var roots = 0
        // A parser works on scalars: a combining mark after a bracket does not make it another character.
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
        var rest = Substring(plain)
        for scalar in text.unicodeScalars
        where (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
            || scalar.value == 0xFFFE || scalar.value == 0xFFFF
        {
            return "forbidden character \(scalar.value)"
        }
        while let start = rest.firstIndex(of: "<") {
            if let problem = content(rest[..<start], inside: !open.isEmpty) { return problem }
            rest = rest[rest.index(after: start)...]
            guard let end = rest.firstIndex(of: ">") else { return "a tag has no end" }
            var tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { return "\(tag) closes what is not open" }
                continue
            }
            let alone = tag.hasSuffix("/")
            if alone { tag = tag.dropLast() }
            let name = tag.prefix { $0.isLetter || $0.isNumber }
            if name.isEmpty { return "a tag has no name" }
            if let problem = attributes(tag.dropFirst(name.count)) { return "\(name): \(problem)" }
            if open.isEmpty { roots += 1 }
            if !alone { open.append(String(name)) }
        }
        if let problem = content(rest, inside: false) { return problem }
        return open.isEmpty && roots == 1 ? nil : "\(open) are open at the end, \(roots) roots"
    }

    private static func content(_ text: Substring, inside: Bool) -> String? {
        if !inside, !text.allSatisfy(\.isWhitespace) { return "text outside the root" }
        if text.contains(">") { return "a bare >" }
        return references(text)
    }

    private static func references(_ text: Substring) -> String? {
        for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
        where !["amp;", "lt;", "gt;", "quot;", "#39;"].contains(where: { part.hasPrefix($0) }) {
            return "a bare &"
        }
        return nil
    }

    private static func attributes(_ text: Substring) -> String? {
        var rest = text
        var names: Set<Substring> = []
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].drop { $0 == " " }
            guard !name.isEmpty, !name.contains(" "), names.insert(name).inserted else { return "attribute \(name)" }
            let quoted = rest[rest.index(after: equals)...]
            guard quoted.hasPrefix("\""), let end = quoted.dropFirst().firstIndex(of: "\"") else { return "no quotes" }
            let value = quoted[quoted.index(after: quoted.startIndex)..<end]
            if value.contains("<") { return "a bare < in \(name)" }
            if value.contains("nan") || value.contains("inf") { return "\(name) is \(value)" }
            if let problem = references(value) { return problem }
            rest = quoted[quoted.index(after: end)...]
        }
        return rest.allSatisfy { $0 == " " } ? nil : "left over: \(rest)"
    }
}

/// A small repeatable generator for tests.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
