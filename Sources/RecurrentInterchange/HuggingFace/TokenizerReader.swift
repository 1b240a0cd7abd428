import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Reads what a `tokenizer.json` says, and refuses what would give a text other numbers than the file means.
struct TokenizerReader {
    private let json: JSONCursor
    private var ids: [ExactName: Int] = [:]
    private var pieces: [TokenizerContent.Piece] = []

    /// A name that equals only names of the same scalars.
    private struct ExactName: Hashable {
        let bytes: [UInt8]
        init(_ name: String) { bytes = Array(name.utf8) }
    }

    init(_ json: JSONCursor) { self.json = json }

    mutating func content() throws(RecurrentError) -> TokenizerContent {
        let model = json["model"]
        _ = try model.object()
        let isLowercased = try readNormalizer()
        let cutting = try PreTokenizer.reading(json["pre_tokenizer"])
        try checkPostProcessor()
        let type = try model["type"].ifPresent?.string() ?? (model["merges"].exists ? "BPE" : "WordLevel")
        guard type == "BPE" || type == "WordLevel" else {
            throw model["type"].error(
                "is \(JSON.string(type).text())", why: "this kind of tokenizer is not supported",
                help: "BPE and WordLevel can be read")
        }
        let isBytePair = type == "BPE"
        guard isBytePair == cutting.isByteLevel else {
            throw json["pre_tokenizer"].error(
                isBytePair ? "is not ByteLevel" : "is ByteLevel",
                why: "byte pairs are supported at byte level, words as text")
        }
        try readVocabulary(model["vocab"])
        let added = try readAdded()
        try makePieces(model["vocab"], isByteLevel: isBytePair, added)
        var content = TokenizerContent(pieces: pieces, splitting: cutting.splitting)
        content.isLowercased = isLowercased
        content.addsSpace = cutting.addsSpace
        if isBytePair { content.merges = try merges(model, &content) }
        if let unknown = try model["unk_token"].ifPresent?.string() {
            content.unknown = ids[ExactName(unknown)].map { Int32($0) }
        }
        content.padding = special(["<pad>", "[PAD]", "<|pad|>", "<|padding|>"])
        content.begin = special(["<bos>", "<s>", "[BOS]", "<|startoftext|>", "<|begin_of_text|>"])
        content.end = special(["<eos>", "</s>", "[EOS]", "<|endoftext|>", "<|end_of_text|>"])
        return content
    }

    private func special(_ spellings: [String]) -> Int32? {
        for spelling in spellings {
            if let id = ids[ExactName(spelling)], pieces[id].isSpecial { return Int32(id) }
        }
        return nil
    }

    // MARK: - Before and after the model

    private func readNormalizer() throws(RecurrentError) -> Bool {
        guard let normalizer = json["normalizer"].ifPresent else { return false }
        let type = try normalizer["type"].string()
        if type == "Lowercase" { return true }
        if type == "Sequence", try normalizer["normalizers"].elements().isEmpty { return false }
        throw normalizer.error(
            "is of the type \(JSON.string(type).text())", why: "this change of texts is not supported",
            help: "Lowercase can be read")
    }

    private func checkPostProcessor() throws(RecurrentError) {
        guard let processor = json["post_processor"].ifPresent else { return }
        let type = try processor["type"].string()
        // It moves offsets and leaves the tokens alone.
        if type == "ByteLevel" { return }
        throw processor.error(
            "is of the type \(JSON.string(type).text())", why: "it adds tokens to a text, which is not supported",
            help: "set \"post_processor\" to null and add the tokens where the text is used")
    }

    // MARK: - Tokens

    private mutating func readVocabulary(_ vocabulary: JSONCursor) throws(RecurrentError) {
        let object = try vocabulary.object()
        guard !object.isEmpty || json["added_tokens"][0].exists else { throw vocabulary.error("is empty") }
        ids.reserveCapacity(object.count)
        for (name, value) in object {
            guard let id = value.intValue, id >= 0, id < Int(Int32.max) else {
                throw vocabulary[name].error("is \(value.text())", why: "it must be a whole number from 0")
            }
            ids[ExactName(name)] = id
        }
    }

    private struct Added {
        var piece: TokenizerContent.Piece
        var isInVocabulary: Bool
    }

    private mutating func readAdded() throws(RecurrentError) -> [Int: Added] {
        var result: [Int: Added] = [:]
        guard let list = json["added_tokens"].ifPresent else { return result }
        for entry in try list.elements() {
            let name = try entry["content"].string()
            let id = try entry["id"].int(in: 0...Int(Int32.max) - 1)
            guard !name.isEmpty else { throw entry["content"].error("is empty") }
            for flag in ["single_word", "lstrip", "rstrip"] where try entry[flag].ifPresent?.bool() ?? false {
                throw entry[flag].error("is true", why: "tokens that depend on their neighbours are not supported")
            }
            var piece = TokenizerContent.Piece(name.utf8)
            piece.isAdded = true
            piece.isSpecial = try entry["special"].ifPresent?.bool() ?? false
            piece.isNormalized = try entry["normalized"].ifPresent?.bool() ?? false
            let known = ids[ExactName(name)]
            guard known == nil || known == id else {
                throw entry["id"].error("is \(id)", why: "the vocabulary gives the token the number \(known ?? 0)")
            }
            guard result[id] == nil else { throw entry["id"].error("is \(id)", why: "the number is taken") }
            piece.isInVocabulary = known != nil
            result[id] = Added(piece: piece, isInVocabulary: known != nil)
            ids[ExactName(name)] = id
        }
        return result
    }

    private mutating func makePieces(
        _ vocabulary: JSONCursor, isByteLevel: Bool, _ added: [Int: Added]
    ) throws(RecurrentError) {
        let count = ids.count
        var found = [TokenizerContent.Piece?](repeating: nil, count: count)
        for (name, id) in ids {
            guard id < count, found[id] == nil else {
                throw vocabulary.error(
                    id < count ? "gives the number \(id) twice" : "gives \(count) tokens the number \(id)",
                    why: "the numbers must be 0 to \(count - 1), each once")
            }
            if let added = added[id] {
                found[id] = added.piece
            } else if isByteLevel {
                found[id] = TokenizerContent.Piece(try Self.bytes(name.bytes, vocabulary))
            } else {
                found[id] = TokenizerContent.Piece(name.bytes)
            }
        }
        pieces = found.compactMap { $0 }
    }

    private static let bytesOfLetters: [Unicode.Scalar: UInt8] = {
        var result: [Unicode.Scalar: UInt8] = [:]
        for (byte, letter) in ByteAlphabet.letters.enumerated() { result[letter] = UInt8(byte) }
        return result
    }()

    private static func bytes(_ name: [UInt8], _ vocabulary: JSONCursor) throws(RecurrentError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(name.count)
        let text = String(decoding: name, as: UTF8.self)
        for letter in text.unicodeScalars {
            guard let byte = bytesOfLetters[letter] else {
                throw vocabulary[text].error("is not written with the letters of bytes", why: "the model is ByteLevel")
            }
            result.append(byte)
        }
        return result
    }

    // MARK: - Merges

    private func merges(
        _ model: JSONCursor, _ content: inout TokenizerContent
    ) throws(RecurrentError) -> [TokenizerContent.Merge] {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try model[key].ifPresent?.string(), !text.isEmpty {
                throw model[key].error("is \(JSON.string(text).text())", why: "it is not supported")
            }
        }
        if let dropout = try model["dropout"].ifPresent?.double(), dropout != 0 {
            throw model["dropout"].error("is \(dropout)", why: "tokens must not depend on chance")
        }
        // Every byte has a letter, so that falling back to bytes would never happen where all letters are tokens.
        content.fusesUnknown = try model["fuse_unk"].ifPresent?.bool() ?? false
        content.takesWholeWords = try model["ignore_merges"].ifPresent?.bool() ?? false
        if try model["byte_fallback"].ifPresent?.bool() ?? false {
            throw model["byte_fallback"].error("is true", why: "it is not supported at byte level")
        }
        guard let list = model["merges"].value?.arrayValue else { throw model["merges"].error("is no list") }
        var result: [TokenizerContent.Merge] = []
        result.reserveCapacity(list.count)
        for (rank, entry) in list.enumerated() {
            let pair = try pair(entry, model["merges"][rank])
            guard let left = ids[ExactName(pair.0)], let right = ids[ExactName(pair.1)],
                let merged = ids[ExactName(pair.0 + pair.1)]
            else {
                throw model["merges"][rank].error("names a token that is not in the vocabulary")
            }
            result.append(TokenizerContent.Merge(Int32(left), Int32(right), Int32(merged)))
        }
        return result
    }

    private func pair(_ entry: JSON, _ place: JSONCursor) throws(RecurrentError) -> (String, String) {
        if let parts = entry.arrayValue {
            guard parts.count == 2, let left = parts[0].stringValue, let right = parts[1].stringValue else {
                throw place.error("is no pair of texts")
            }
            return (left, right)
        }
        // The older form: two texts with a space between them, which no letter of the byte alphabet is.
        guard let text = entry.stringValue else { throw place.error("is no pair of texts") }
        let parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw place.error("is no pair of texts") }
        return (String(parts[0]), String(parts[1]))
    }
}
