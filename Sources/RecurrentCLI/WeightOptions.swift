#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTasks
    import RecurrentTensor

    /// In which format the weights of the recurrent layers are taken.
    struct WeightOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Round the recurrent weights to float16, bfloat16 or int8. Default: as stored.",
                valueName: "format"))
        var weights: String?

        func applied(to forecaster: Forecaster) throws(RecurrentError) -> Forecaster {
            guard let weights else { return forecaster }
            return try forecaster.reduced(to: WeightFormat(named: weights, at: "--weights"))
        }

        func applied<Model: ReducibleModel>(to model: Model) throws(RecurrentError) -> Model {
            guard let weights else { return model }
            return try model.reduced(to: WeightFormat(named: weights, at: "--weights"), range: .maximum)
        }
    }

    extension WeightFormat {
        init(named name: String, at option: String) throws(RecurrentError) {
            guard let format = WeightFormat(rawValue: name) else {
                throw RecurrentError(
                    .usage, "'\(name)' is no format of weights", at: option,
                    help: Spelling.help(for: name, in: WeightFormat.allCases.map(\.rawValue)))
            }
            self = format
        }
    }

    extension WeightFormat {
        /// What a person reads of a stored model.
        var shown: String {
            self == .float32 ? "float32" : "\(rawValue) in the recurrent layers, float32 elsewhere; computed in float32"
        }
    }

    extension RangeChoice {
        init(named name: String, at option: String) throws(RecurrentError) {
            switch name {
            case "maximum": self = .maximum
            case "least-squares": self = .leastSquares
            default:
                let parts = name.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0] == "percentile", let percentage = Double(parts[1]), percentage > 0,
                    percentage <= 100
                else {
                    throw RecurrentError(
                        .usage, "'\(name)' is no choice of range", at: option,
                        help: "use maximum, least-squares, or percentile:99.9")
                }
                self = .percentile(percentage)
            }
        }
    }
#endif
