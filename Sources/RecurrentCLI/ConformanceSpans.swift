#if CLI
    import ArgumentParser
    import RecurrentData
    import RecurrentFormats
    import RecurrentTensor

    /// Scores tagged sentences: each line of a list holds a mode, actual and predicted tags.
    struct ScoreSpans: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "spans")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                let mode = try json["mode"].string()
                let scheme = TagScheme(rawValue: mode)
                var scores = SpanScores(mode: scheme.map { .strict($0) } ?? .lenient)
                for (actual, predicted) in zip(try json["actual"].elements(), try json["predicted"].elements()) {
                    try scores.add(actual: actual.strings(), predicted: predicted.strings())
                }
                func number(_ value: Double) -> JSON { value.isNaN ? .null : JSON(value) }
                func row(_ counts: SpanScores.Counts) -> JSON {
                    [JSON(counts.precision), JSON(counts.recall), JSON(counts.f1), JSON(counts.actual)]
                }
                func row(_ mean: SpanScores.Averages) -> JSON {
                    [number(mean.precision), number(mean.recall), number(mean.f1)]
                }
                let types = scores.types.sorted { $0.key < $1.key }.map { ($0.key, row($0.value)) }
                return [
                    "types": .object(JSONObject(types)), "micro": row(scores.micro), "macro": row(scores.macro),
                    "weighted": row(scores.weighted), "accuracy": number(scores.tokenAccuracy),
                ]
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }
    }
#endif
