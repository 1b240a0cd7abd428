#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN
    import RecurrentTensor

    /// Makes a model folder of another program's weights.
    struct ImportCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Make a model folder of weights from PyTorch or Keras, or of an ONNX file.",
            discussion: """
                A state dict of LSTM, GRU, RNN, their cells, Embedding, Linear and LayerNorm, saved by safetensors:

                  recurrent import state.safetensors --out model/
                  recurrent import state.safetensors --out model/ --order embedding,lstm,fc1,relu,fc2

                Layers, sizes and, where they tell it, the order are found from names and shapes. Functions between layers \
                are not in such a file: --order names them (\(NetworkFunction.allCases.map(\.rawValue).joined(separator: ", "))).
                """)

        @Argument(help: "The weights: .safetensors from PyTorch, .npz from Keras, or an .onnx model.")
        var file: String

        @Option(help: ArgumentHelp("The folder to write.", valueName: "folder"))
        var out: String

        @Flag(help: "Replace the model that is in the folder.")
        var force = false

        @Option(
            help: ArgumentHelp(
                "Layers and functions from input to output, with commas between them; embedding:NAME or linear:NAME where "
                    + "shapes do not tell.", valueName: "names"))
        var order: String?

        @Option(help: ArgumentHelp("The activation of RNN layers. Default: tanh.", valueName: "name"))
        var rnnActivation: String?

        @Option(help: ArgumentHelp("The epsilon of LayerNorm layers. Default: 0.00001.", valueName: "number"))
        var normEpsilon: Double?

        @Flag(help: "The weights are Keras's (the rule for .npz).")
        var keras = false

        @Option(
            help: ArgumentHelp(
                "The form of GRU layers: reset-after (PyTorch's) or reset-before. Default: what the weights say.",
                valueName: "form"))
        var gruForm: String?

        @Flag(help: "Let an ONNX model keep tensors in files of its own folder; they become part of the model.")
        var externalData = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let options = try importOptions()
            if file.hasSuffix(".onnx") { return try importModel() }
            let imported = try NetworkImport(file: file, isKeras: keras, options: options)
            try imported.network.save(to: out, replacing: force)
            if talk.json {
                let object: JSON = [
                    "task": "network", "model": .string(out), "layers": imported.network.layerSummary,
                    "parameters": JSON(imported.network.parameterCount), "notes": JSON(imported.notes),
                ]
                return try Console.show(object.text())
            }
            for note in imported.notes { talk.talk("note: " + SafeText.terminal(note)) }
            talk.talk("wrote \(SafeText.terminal(out)), \(imported.network.parameterCount) parameters")
        }

        private func importModel() throws {
            let given: [(String, Bool)] = [
                ("--order", order != nil), ("--rnn-activation", rnnActivation != nil),
                ("--norm-epsilon", normEpsilon != nil), ("--keras", keras), ("--gru-form", gruForm != nil),
            ]
            if let other = given.first(where: \.1) {
                throw RecurrentError(.usage, "an ONNX model says all of itself", at: other.0, help: "leave it out")
            }
            let model = try ONNXModel(reading: file, externalData: externalData)
            try ONNXFolder.save(model, to: out, replacing: force, source: SafeText.terminal(file))
            if talk.json {
                let object: JSON = [
                    "task": "onnx", "model": .string(out), "nodes": JSON(model.graph.nodes.count), "notes": [],
                ]
                return try Console.show(object.text())
            }
            talk.talk("wrote \(SafeText.terminal(out)), \(model.graph.nodes.count) nodes")
        }

        private func importOptions() throws -> NetworkImport.Options {
            var options = NetworkImport.Options()
            if let order {
                options.order = order.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            if let rnnActivation {
                do throws(RecurrentError) {
                    options.rnnActivation = try Activation(name: rnnActivation)
                } catch {
                    throw RecurrentError(.usage, error.what, at: "--rnn-activation", why: error.why, help: error.help)
                }
            }
            if let normEpsilon {
                guard normEpsilon >= 0, normEpsilon <= 1 else {
                    throw RecurrentError(
                        .usage, "\(normEpsilon) is no epsilon; 0 to 1 are possible", at: "--norm-epsilon")
                }
                options.normEpsilon = normEpsilon
            }
            if let gruForm {
                guard let form: GRUForm = ["reset-after": .resetAfter, "reset-before": .resetBefore][gruForm] else {
                    throw RecurrentError(
                        .usage, "there is no GRU form '\(gruForm)'", at: "--gru-form",
                        help: Spelling.help(for: gruForm, in: ["reset-after", "reset-before"]))
                }
                options.gruForm = form
            }
            return options
        }
    }
#endif
