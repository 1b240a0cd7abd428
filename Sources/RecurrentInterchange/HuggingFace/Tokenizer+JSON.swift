public import RecurrentData
public import RecurrentFormats
public import RecurrentTensor

extension Tokenizer {
    /// The tokenizer as the value of a `tokenizer.json`, which Hugging Face `tokenizers` reads as well.
    ///
    /// Bytes and byte pairs become a `BPE` model with the `ByteLevel` pre-tokenizer, all others a `WordLevel` model.
    /// Both give the same numbers to every text. Grapheme clusters differ where the two follow different versions of
    /// Unicode.
    public var json: JSON {
        let content = content
        let added = content.pieces.enumerated().filter { $0.element.isAdded }.map { id, piece -> JSON in
            [
                "id": JSON(id), "content": .string(String(decoding: piece.bytes, as: UTF8.self)), "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": .bool(piece.isNormalized),
                "special": .bool(piece.isSpecial),
            ]
        }
        let byteLevel: JSON = [
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
        ]
        let decoder: JSON = separatesWords ? nil : content.merges != nil ? byteLevel : ["type": "Fuse"]
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
            "normalizer": content.isLowercased ? ["type": "Lowercase"] : nil,
            "pre_tokenizer": PreTokenizer.json(content), "post_processor": nil, "decoder": decoder, "model": modelJSON,
        ]
    }

    private var modelJSON: JSON {
        let content = content
        let names = content.pieces.map { Self.name($0, isByteLevel: content.merges != nil) }
        var vocabulary = JSONObject()
        for (id, name) in names.enumerated() where content.pieces[id].isInVocabulary {
            vocabulary.append(name, JSON(id))
        }
        let unknown: JSON = content.unknown.map { .string(names[Int($0)]) } ?? nil
        guard let merges = content.merges else {
            return [
                "type": "WordLevel", "vocab": .object(vocabulary),
                "unk_token": content.unknown == nil ? "<unk>" : unknown,
            ]
        }
        let pairs = merges.map { merge -> JSON in
            [.string(names[Int(merge.left)]), .string(names[Int(merge.right)])]
        }
        return [
            "type": "BPE", "dropout": nil, "unk_token": unknown, "continuing_subword_prefix": nil,
            "end_of_word_suffix": nil, "fuse_unk": .bool(content.fusesUnknown), "byte_fallback": false,
            "ignore_merges": .bool(content.takesWholeWords), "vocab": .object(vocabulary), "merges": .array(pairs),
        ]
    }

    private static func name(_ piece: TokenizerContent.Piece, isByteLevel: Bool) -> String {
        guard isByteLevel, !piece.isAdded else { return String(decoding: piece.bytes, as: UTF8.self) }
        return String(String.UnicodeScalarView(piece.bytes.map { ByteAlphabet.letters[Int($0)] }))
    }

    // MARK: - Files

    /// Writes a `tokenizer.json`.
    ///
    /// - Throws: `RecurrentError` where it cannot be written; what stood there then stands there still.
    public func write(to path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        try fileSystem.write(json.bytes(), to: path)
    }

    /// Reads a `tokenizer.json` of this program, or of Hugging Face `tokenizers` with byte-level byte pairs or words.
    ///
    /// - Throws: `RecurrentError` where it cannot be read, is none, or asks for what is not supported, which it names.
    public init(file path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let bytes = try fileSystem.read(path, maximumBytes: 1 << 28)
        let shown = PathName.shown(path)
        try self.init(JSONCursor(try JSON(parsing: bytes, from: shown), source: shown))
    }

    /// Reads the value of a `tokenizer.json`, as ``init(file:fileSystem:)``.
    ///
    /// - Throws: `RecurrentError` where it is none or asks for what is not supported, which it names.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        var reader = TokenizerReader(json)
        self.init(try reader.content())
    }
}
