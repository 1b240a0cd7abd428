#if CLI
    import ArgumentParser
    import RecurrentData
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    /// Reads files of signals: each line of a list names a file and how it is read; one line of sequences comes of each.
    struct ReadSignals: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "signals")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                let path = try json["file"].string()
                if path.hasSuffix(".atr") { return try annotations(path) }
                var options = SignalFileOptions()
                options.channelCount = try json["channels"].ifPresent?.int()
                options.label = try json["label"].ifPresent?.string()
                options.form = try json["form"].ifPresent?.choice(SignalFileForm.self)
                if path.hasSuffix(".hea"), options.form == nil {
                    return .array([try numbers(WFDBRecord(path: path).values)])
                }
                let reader = try SignalFile(path, options: options).reader()
                var sequences: [JSON] = []
                while let example = try reader.next() {
                    sequences.append([
                        "label": example.label.map { .string($0) } ?? .null, "values": try numbers(example.values),
                    ])
                }
                return ["channels": JSON(reader.channels.count), "sequences": .array(sequences)]
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }

        private func annotations(_ path: String) throws -> JSON {
            .array(
                try WFDBAnnotations(path: path).annotations.map { note in
                    [
                        JSON(note.sample), .string(note.symbol), JSON(note.subtype), JSON(note.channel),
                        JSON(note.number), .string(note.text),
                    ]
                })
        }

        private func numbers(_ values: [Float]) throws -> JSON {
            .array(values.map { $0.isNaN ? .null : JSON(Double($0)) })
        }
    }

    /// Scores classes and numbers: each line of a list holds truth and probabilities, or truth and predictions.
    struct ScoreClasses: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "classes")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            func known(_ value: Double?) -> JSON { value.map { $0.isNaN ? .null : JSON($0) } ?? .null }
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                if let predicted = try json["predicted"].ifPresent?.doubles() {
                    let metrics = RegressionMetrics(truth: try json["truth"].doubles(), predicted: predicted)
                    return [
                        JSON(metrics.rootMeanSquaredError), JSON(metrics.meanAbsoluteError),
                        known(metrics.determination),
                    ]
                }
                let rows = try json["probabilities"].elements().map { try $0.doubles() }
                let truth = try json["truth"].ints()
                let predicted = rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
                let metrics = ClassificationMetrics(
                    truth: truth, predicted: predicted, probabilities: rows, classCount: rows[0].count)
                return [
                    "roc": .array((metrics.ranking ?? []).map { known($0.rocArea) }),
                    "precision": .array((metrics.ranking ?? []).map { known($0.averagePrecision) }),
                    "macro_roc": known(metrics.rocArea),
                ]
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }
    }
#endif
