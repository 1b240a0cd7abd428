#if CLI
    import ArgumentParser
    import RecurrentFormats
    import RecurrentStudy
    import RecurrentTensor

    /// Statistics of studies: each line of a list asks for shares of variance, for a test of two samples, or for a correction.
    struct StudyStatistics: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "study")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { try Self.answer(JSONCursor($0, source: list)) }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }

        private static func answer(_ json: JSONCursor) throws -> JSON {
            if json["points"].exists {
                let forest = try FunctionalAnova(
                    points: try json["points"].elements().map { try $0.doubles() },
                    values: try json["values"].doubles(),
                    seed: UInt64(try json["seed"].int(in: 0...1_000_000)))
                return JSON((0..<forest.axes).map { forest.importance(of: $0).mean })
            }
            if json["p"].exists { return JSON(MultipleTests.holm(try json["p"].doubles())) }
            guard let test = WelchTest(try json["first"].doubles(), try json["second"].doubles()) else { return .null }
            return JSON([test.statistic, test.degrees, test.pValue])
        }
    }
#endif
