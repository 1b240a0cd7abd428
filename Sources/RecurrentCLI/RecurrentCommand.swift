#if CLI
    import ArgumentParser

    /// The program. Data go to standard output, talk to standard error.
    struct RecurrentCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recurrent",
            abstract: "Recurrent networks on sequences: train, judge, forecast, look inside.",
            discussion: """
                The shortest way from a table to a judged forecast:

                  recurrent forecast sales.csv --horizon 24

                Exit codes: 0 ok, 1 failure, 2 usage, 3 bad data, 4 bad model, 5 diverged, 6 input/output or disk full, \
                130 interrupted and saved.
                """,
            version: "0.1.0",
            subcommands: [
                ForecastCommand.self, TrainCommand.self, EvaluateCommand.self, PredictCommand.self, ResumeCommand.self,
                InfoCommand.self,
            ])
    }
#endif
