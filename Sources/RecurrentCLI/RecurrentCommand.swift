#if CLI
    import ArgumentParser
    import RecurrentTensor

    /// The program. Data go to standard output, talk to standard error.
    struct RecurrentCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recurrent",
            abstract: "Recurrent networks on sequences: train, judge, forecast, write, look inside.",
            discussion: """
                The shortest way from a table to a judged forecast:

                  recurrent forecast sales.csv --horizon 24

                Exit codes: 0 ok, 1 failure, 2 usage, 3 bad data, 4 bad model, 5 diverged, 6 input/output or disk full, \
                130 interrupted and saved.
                """,
            version: "0.1.0",
            subcommands: [
                ForecastCommand.self, TrainCommand.self, EvaluateCommand.self, PredictCommand.self,
                GenerateCommand.self, ResumeCommand.self, InfoCommand.self, InspectCommand.self, ConvertCommand.self,
                RunCommand.self, ImportCommand.self, ExportCommand.self, QuantizeCommand.self, CompareCommand.self,
                RunsCommand.self, EvolveCommand.self, ReinforceCommand.self, PlayCommand.self, BenchCommand.self,
                StudyWorkerCommand.self, ConformanceCommand.self, BenchWorkerCommand.self,
            ])

        /// Names what is known where the first word, or the word after `train`, is no command.
        static func checkNames(_ arguments: [String]) throws {
            try check(arguments.first, among: configuration, as: "command", besides: ["help"])
            if arguments.first == TrainCommand.configuration.commandName {
                try check(arguments.dropFirst().first, among: TrainCommand.configuration, as: "task")
            }
            if arguments.first == RunsCommand.configuration.commandName {
                try check(
                    arguments.dropFirst().first, among: RunsCommand.configuration, as: "command of runs",
                    besides: ["help"])
            }
        }

        private static func check(
            _ word: String?, among configuration: CommandConfiguration, as kind: String, besides: [String] = []
        ) throws {
            let names = configuration.subcommands.compactMap { $0.configuration.commandName }
            guard let word, !word.hasPrefix("-"), !(names + besides).contains(word) else { return }
            let shown = configuration.subcommands.map { $0.configuration }
                .filter { $0.shouldDisplay }.compactMap { $0.commandName }
            throw RecurrentError(.usage, "there is no \(kind) '\(word)'", help: Spelling.help(for: word, in: shown))
        }
    }
#endif
