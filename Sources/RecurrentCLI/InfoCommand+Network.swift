#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN
    import RecurrentTensor

    extension InfoCommand {
        /// What the folder of a network holds.
        func showNetwork() throws {
            let network = try LayeredNetwork(folder: path)
            if talk.json {
                let object: JSON = [
                    "task": "network", "layers": network.layerSummary, "parameters": JSON(network.parameterCount),
                    "weights": .string(network.weightFormat.rawValue),
                ]
                return try Console.show(object.text())
            }
            let input = network.inputSize.map { "\($0) features" } ?? "tokens"
            try Console.show("A network from \(input) to \(network.outputSize), \(network.parameterCount) parameters")
            try Console.show("  weights: \(network.weightFormat.shown)")
            for line in network.layerLines { try Console.show("  " + SafeText.terminal(line)) }
        }
    }
#endif
