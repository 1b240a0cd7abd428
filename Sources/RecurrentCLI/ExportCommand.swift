#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTasks
    import RecurrentTensor

    /// Gives a model to other programs.
    struct ExportCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Give a model to PyTorch or, as an ONNX file, to any runtime.",
            discussion: """
                  recurrent export model/ --to pytorch state.safetensors
                  recurrent export model/ --to onnx model.onnx --lengths --stateful
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Argument(help: "The file to write.")
        var file: String

        @Option(help: ArgumentHelp("What is written: pytorch or onnx.", valueName: "format"))
        var to: String

        @Flag(help: "Replace the file.")
        var force = false

        @Flag(help: "ONNX: an input for the lengths of the sequences.")
        var lengths = false

        @Flag(help: "ONNX: the carried state as inputs and outputs, for streaming.")
        var stateful = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            guard ["pytorch", "onnx"].contains(to) else {
                throw RecurrentError(
                    .usage, "there is no format '\(to)'", at: "--to",
                    help: Spelling.help(for: to, in: ["pytorch", "onnx"]))
            }
            if to == "pytorch", lengths || stateful {
                throw RecurrentError(
                    .usage, "--\(lengths ? "lengths" : "stateful") concerns ONNX alone", at: "--to")
            }
            if !force, FileSystem().exists(file) {
                throw RecurrentError(.usage, "the file exists already", at: file, help: "--force replaces it")
            }
            switch try ModelFolder.task(of: model) {
            case "network": try export(LayeredNetwork(folder: model))
            case "forecast": try export(Forecaster(folder: model))
            case "onnx":
                guard to == "onnx", !lengths, !stateful else {
                    throw RecurrentError(
                        .usage, "an imported ONNX model can only be written as it is", at: to == "onnx" ? model : "--to"
                    )
                }
                try ONNXFolder.model(in: model).write(to: file)
            case let task:
                throw RecurrentError(
                    .usage, "a model for the task '\(task)' cannot be given to \(to)", at: model)
            }
            talk.talk("wrote " + SafeText.terminal(file))
        }

        private func export(_ forecaster: Forecaster) throws {
            guard to == "onnx" else {
                throw RecurrentError(
                    .usage, "a forecaster is no network that PyTorch has", at: "--to",
                    help: "--to onnx writes all of it; its weights are in model.safetensors under PyTorch's names")
            }
            if lengths || stateful {
                throw RecurrentError(
                    .usage, "a forecaster sees windows of one length and carries no state",
                    at: lengths ? "--lengths" : "--stateful")
            }
            try forecaster.onnxModel().write(to: file)
        }

        private func export(_ network: LayeredNetwork) throws {
            if to == "pytorch" { return try network.writeStateDict(to: file) }
            try ONNXExporter.model(of: network, options: .init(hasLengths: lengths, carriesState: stateful))
                .write(to: file)
        }
    }
#endif
