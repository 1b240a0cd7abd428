#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTensor

    /// Trains a tokenizer on a list of texts, one JSON text a line, and writes its `tokenizer.json`.
    struct TrainTokenizer: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "train-tokenizer")

        @Argument var kind: String
        @Argument var list: String
        @Argument var file: String
        @Option var size = Int.max
        @Option var minimumCount = 1
        @Option var splitting: String?
        @Flag var lowercased = false
        @Flag var specials = false

        func run() throws {
            guard let kind = Tokenizer.Kind(rawValue: kind) else {
                throw RecurrentError(.usage, "\(kind) is no kind of token")
            }
            let ways: [String: TextSplitting] = [
                "whitespace": .whitespace, "words": .words, "runs": .wordRuns, "none": .none,
            ]
            var trainer = TokenizerTrainer(
                kind, splitting: splitting.flatMap { ways[$0] }, lowercased: lowercased, specials: specials ? .all : nil
            )
            for value in try JSONLinesFile(list).values { trainer.add(try JSONCursor(value)[0].string()) }
            try trainer.tokenizer(size: size, minimumCount: minimumCount).write(to: file)
        }
    }

    /// Writes the tokens of a list of texts, one JSON text a line, and what they decode to.
    struct Tokenize: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "tokenize")

        @Argument var tokenizer: String
        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let tokenizer = try Tokenizer(file: tokenizer)
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let ids = tokenizer.encode(try JSONCursor(value)[0].string())
                return ["ids": JSON(ids.map { Int($0) }), "text": .string(tokenizer.decode(ids))]
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }
    }
#endif
