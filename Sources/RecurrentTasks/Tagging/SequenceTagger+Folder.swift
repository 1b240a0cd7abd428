import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension SequenceTagger {
    private static let vocabularyFile = "vocabulary.json"

    /// Writes the model as a folder: `config.json`, `model.safetensors`, `vocabulary.json` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: TaggingTask.name,
            config: [
                "recipe": recipe.json, "tag_set": tagSet.json, "format": format.json,
                "splits_punctuation": JSON(splitsPunctuation),
            ], networks: networks, weightFormat: weightFormat,
            others: [(SequenceTagger.vocabularyFile, vocabulary.json.bytes())], to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: TaggingTask.name)
        let recipe = try TaggerRecipe(files.config["recipe"])
        let tagSet = try TagSet(files.config["tag_set"])
        let source = files.path(of: SequenceTagger.vocabularyFile)
        let vocabulary = try TaggerVocabulary(
            JSONCursor(
                try JSON(
                    parsing: files.read(SequenceTagger.vocabularyFile), from: source, category: .badModel),
                source: source))
        try tagSet.check(vocabulary, source)
        let networks = try files.networks(
            members: recipe.members, parameterCount: recipe.parameterCount(vocabulary)
        ) {
            TaggerNetwork(
                recipe, vocabulary, rules: tagSet.rules(for: vocabulary.tags), key: RandomKey(seed: 0))
        }
        self.init(
            recipe: recipe, vocabulary: vocabulary, tagSet: tagSet,
            format: try TaggedFormat(files.config["format"]),
            splitsPunctuation: try files.config["splits_punctuation"].bool(), networks: networks)
        weightFormat = files.weightFormat
    }

    /// How the training came out on data that were kept from it.
    public var results: [String] {
        reports.map { name, report in
            var line = "\(name): \(report.sentences) sentences, token accuracy \(percent(report.accuracy))"
            if let spans = report.spans {
                line += ", span precision \(percent(spans.micro.precision)), recall \(percent(spans.micro.recall))"
                line += ", F1 \(percent(spans.micro.f1))"
            }
            return line
        }
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        var object: JSONObject = [
            "parameters": JSON(networks.reduce(0) { $0 + $1.parameterCount }), "tags": JSON(vocabulary.tags.count),
        ]
        for (name, report) in reports { object[name] = report.json }
        return object
    }

    private func percent(_ share: Double) -> String {
        guard share.isFinite else { return "–" }
        let text = String(Int((share * 10_000).rounded()))
        let padded = String(repeating: "0", count: max(0, 3 - text.count)) + text
        return padded.dropLast(2) + "." + padded.suffix(2) + " %"
    }
}

extension TaggerRecipe {
    func parameterCount(_ vocabulary: TaggerVocabulary) -> Double {
        parameterCount(
            words: vocabulary.words.count + 1, characters: vocabulary.characters.count + 1,
            affixes: affixSize == 0 ? [] : vocabulary.affixes.map { $0.count + 1 }, tags: vocabulary.tags.count)
    }
}

extension TaggedFormat {
    var json: JSON {
        [
            "family": .string(family.rawValue), "token_column": JSON(tokenColumn),
            "tag_column": tagColumn.map { JSON($0) } ?? .null,
        ]
    }

    /// - Throws: `badModel` where the family is not known.
    init(_ json: JSONCursor) throws(RecurrentError) {
        let family: Family = try json["family"].choice()
        self = family == .conll ? .conll() : .conllu()
        tokenColumn = try json["token_column"].int(in: 0...(1 << 20))
        tagColumn = try json["tag_column"].ifPresent?.int(in: -(1 << 20)...(1 << 20))
    }
}
