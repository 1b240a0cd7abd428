import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// The ways of cutting text as the pre-tokenizers of `tokenizer.json`.
enum PreTokenizer {
    /// What a pre-tokenizer says of a tokenizer.
    struct Reading {
        var splitting: TextSplitting
        var addsSpace = false
        /// Whether words are bytes, written with the letters of the byte alphabet.
        var isByteLevel = false
    }

    private static let scalar = #"[\s\S]"#
    private static let grapheme = #"\X"#

    /// Words as ``TextSplitting/words`` cuts them.
    static let word: String = {
        let unspaced = ScalarClass.unspacedRanges.map { range in
            range.count == 1 ? escaped(range.lowerBound) : escaped(range.lowerBound) + "-" + escaped(range.upperBound)
        }.joined()
        let part = #"[\p{L}\p{M}\p{N}_&&[^"# + unspaced + "]]+"
        return part + "(?:['’]" + part + #")*|\S"#
    }()

    private static func escaped(_ scalar: UInt32) -> String {
        #"\x{"# + String(scalar, radix: 16, uppercase: true) + "}"
    }

    // MARK: - Writing

    static func json(_ content: TokenizerContent) -> JSON {
        if content.merges != nil {
            return byteLevel(addsSpace: content.addsSpace, cuts: content.splitting == .spacedWords)
        }
        switch content.splitting {
        case .none: return nil
        case .characters: return split(scalar, isToken: false)
        case .graphemes: return split(grapheme, isToken: false)
        case .words: return split(word, isToken: true)
        case .whitespace: return ["type": "WhitespaceSplit"]
        case .wordRuns: return ["type": "Whitespace"]
        case .spacedWords: return byteLevel(addsSpace: content.addsSpace, cuts: true)
        }
    }

    private static func byteLevel(addsSpace: Bool, cuts: Bool) -> JSON {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(addsSpace), "trim_offsets": true, "use_regex": .bool(cuts),
        ]
    }

    private static func split(_ pattern: String, isToken: Bool) -> JSON {
        [
            "type": "Split", "pattern": ["Regex": .string(pattern)],
            "behavior": isToken ? "Removed" : "Isolated", "invert": .bool(isToken),
        ]
    }

    // MARK: - Reading

    static func reading(_ json: JSONCursor) throws(RecurrentError) -> Reading {
        guard let json = json.ifPresent else { return Reading(splitting: .none) }
        let type = try json["type"].string()
        switch type {
        case "ByteLevel":
            return Reading(
                splitting: try json["use_regex"].ifPresent?.bool() ?? true ? .spacedWords : .none,
                addsSpace: try json["add_prefix_space"].ifPresent?.bool() ?? true, isByteLevel: true)
        case "Whitespace": return Reading(splitting: .wordRuns)
        case "WhitespaceSplit": return Reading(splitting: .whitespace)
        case "Split":
            let pattern = try json["pattern"]["Regex"].string()
            let behavior = try json["behavior"].string()
            let isInverted = try json["invert"].ifPresent?.bool() ?? false
            switch (pattern, behavior, isInverted) {
            case (scalar, "Isolated", false): return Reading(splitting: .characters)
            case (grapheme, "Isolated", false): return Reading(splitting: .graphemes)
            case (word, "Removed", true): return Reading(splitting: .words)
            default: throw json.error("is a Split with a pattern of its own", why: unsupported, help: known)
            }
        default: throw json.error("is of the type \(JSON.string(type).text())", why: unsupported, help: known)
        }
    }

    private static let unsupported = "this way of cutting text is not supported"
    private static let known = "ByteLevel, Whitespace and WhitespaceSplit can be read, and what this program writes"
}
