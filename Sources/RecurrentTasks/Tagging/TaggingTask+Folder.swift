import RecurrentData
public import RecurrentFormats
import RecurrentTensor

extension TaggingTask {
    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "vocabulary": vocabulary.json, "tag_set": tagSet.json,
            "format": format.json, "notes": JSON(notes), "splits_punctuation": JSON(splitsPunctuation),
            "forms": JSON(forms), "data_tags": JSON(dataTags), "sentences": JSON(partCounts),
        ]
    }

    /// Writes the sentences as numbers.
    public func write(into folder: String) throws {
        _ = try TokenStore.write(
            to: folder + "/data", columns: store.columns, maximumToken: max(forms.count, dataTags.count)
        ) { writer throws(RecurrentError) in
            for example in 0..<store.count {
                try writer.append([try store.tokens(example, column: 0), try store.tokens(example, column: 1)])
            }
        }
    }

    /// Makes the task again from the folder of its run.
    public init(_ json: JSONCursor, folder: String) throws {
        let store = try TokenStore(opening: folder + "/data")
        let (forms, tags) = (try json["forms"].strings(), try json["data_tags"].strings())
        let counts = try json["sentences"].ints()
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        guard counts.count == 3, counts.allSatisfy({ $0 >= 0 && $0 <= store.count }), counts[0] > 0,
            counts.reduce(0, +) == store.count, store.columns == ["forms", "tags"]
        else { throw json["sentences"].error("do not fit the prepared data") }
        for example in 0..<store.count {
            let (a, b) = (try store.tokens(example, column: 0), try store.tokens(example, column: 1))
            guard a.count == b.count, !a.isEmpty, a.allSatisfy({ $0 >= 0 && Int($0) < forms.count }),
                b.allSatisfy({ $0 >= 0 && Int($0) < tags.count })
            else { throw json["forms"].error("do not fit the prepared data") }
        }
        let (vocabulary, tagSet) = (try TaggerVocabulary(json["vocabulary"]), try TagSet(json["tag_set"]))
        try tagSet.check(vocabulary, json.source)
        self.init(
            recipe: try TaggerRecipe(json["recipe"]), seed: seed, vocabulary: vocabulary, tagSet: tagSet,
            format: try TaggedFormat(json["format"]),
            notes: try json["notes"].strings(), splitsPunctuation: try json["splits_punctuation"].bool(), forms: forms,
            dataTags: tags, partCounts: counts, store: store)
    }

    // MARK: - What a person sees

    /// What was found in the data and chosen for them.
    public var summary: [String] {
        let tokens = (0..<partCounts[0]).reduce(0) { $0 + store.length($1) }
        let kind = tagSet.written.map { "spans in \($0.rawValue.uppercased())" } ?? "one tag a token"
        var lines = [
            "\(partCounts[0]) sentences, \(tokens) tokens, \(vocabulary.words.count) known words; "
                + "\(vocabulary.tags.count) tags, \(kind)"
        ]
        if partCounts[1] > 0 {
            lines.append(
                "\(partCounts[1]) sentences for validation"
                    + (partCounts[2] > 0 ? ", \(partCounts[2]) for the test" : ""))
        }
        let members = recipe.members > 1 ? "\(recipe.members) networks of " : ""
        lines.append(
            members + "\(Int(recipe.parameterCount(vocabulary))) weights: bidirectional LSTM of "
                + "\(recipe.layers) × \(recipe.hiddenSize) over words, \(recipe.characterHiddenSize) over characters, "
                + (recipe.usesField ? "linear-chain field" : "softmax"))
        return lines
    }

    /// The choices as names and values, for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        [
            ("hidden_size", .number(Double(recipe.hiddenSize))), ("layers", .number(Double(recipe.layers))),
            ("dropout", .number(recipe.dropout)), ("word_dropout", .number(recipe.wordDropout)),
            ("learning_rate", .number(recipe.learningRate)), ("batch_size", .number(Double(recipe.batchSize))),
            ("epochs", .number(Double(recipe.epochs))), ("field", .truth(recipe.usesField)),
        ]
    }

    /// 1 − F1 or 1 − accuracy.
    public var metricName: String? { partCounts[1] == 0 ? nil : tagSet.learnt == nil ? "error" : "1 - F1" }
}
