#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTasks
    import RecurrentTensor

    /// What the scripts of Tests/Conformance ask of the program, many cases in one process. Not for people.
    struct ConformanceCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "conformance", abstract: "Serve the conformance tests.", shouldDisplay: false,
            subcommands: [
                RunNetworks.self, ExportedModels.self, Forecasts.self, TrainTokenizer.self, Tokenize.self,
                ScoreSpans.self, HearRecordings.self, DescribeFeatures.self, ReadSignals.self, ScoreClasses.self,
                ScoredTranslations.self, LabellingLosses.self, TimeLabellingLosses.self, ScoredTranscriptions.self,
                ReadMIDI.self, StudyStatistics.self, ActInEnvironments.self, Searches.self,
            ])

        /// Runs networks: each line of a list names a model folder, a file of inputs and a file for outputs.
        struct RunNetworks: ParsableCommand {
            static let configuration = CommandConfiguration(commandName: "networks")

            @Argument var list: String

            func run() throws {
                for value in try JSONLinesFile(list).values {
                    let json = JSONCursor(value, source: list)
                    let input = try SafetensorsFile(try json["input"].string())
                    let network = try LayeredNetwork(folder: try json["model"].string())
                    var lengths: [Int]?
                    if input.entry("lengths") != nil {
                        let tensor = try input.tensor("lengths")
                        guard tensor.elementType == .int64 else {
                            throw RecurrentError(.badData, "lengths are int64", at: input.source)
                        }
                        lengths = tensor.scalars(of: Int64.self).map { Int($0) }
                    }
                    var state: [Tensor] = []
                    while input.entry("state.\(state.count)") != nil {
                        state.append(try input.tensor("state.\(state.count)"))
                    }
                    let (output, final) = try network.run(try input.tensor("x"), state: state, lengths: lengths)
                    let states = final.enumerated().map { (name: "state.\($0)", tensor: $1) }
                    try Safetensors.write([(name: "y", tensor: output)] + states, to: try json["output"].string())
                }
            }
        }

        /// Writes what a forecaster gives its exported model, and what it makes of it itself.
        struct Forecasts: ParsableCommand {
            static let configuration = CommandConfiguration(commandName: "forecast")

            @Argument var model: String
            @Argument var file: String

            func run() throws { try Safetensors.write(Forecaster(folder: model).onnxExample(), to: file) }
        }
    }
#endif
