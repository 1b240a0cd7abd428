#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN

    // What folders of networks and of ONNX models hold.
    extension InfoCommand {
        func showStoredGraph() throws {
            let model = try ONNXFolder.model(in: path)
            let operators = Dictionary(model.graph.nodes.map { ($0.operatorType, 1) }, uniquingKeysWith: +)
                .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            if talk.json {
                let object: JSON = [
                    "task": "onnx", "inputs": JSON(model.graph.inputs.map(\.name)),
                    "outputs": JSON(model.graph.outputs.map(\.name)),
                    "operators": .object(JSONObject(operators.map { ($0.key, JSON($0.value)) })),
                ]
                return try Console.show(object.text())
            }
            try Console.show(
                SafeText.terminal(
                    "An ONNX model of \(model.graph.nodes.count) nodes: "
                        + operators.map { "\($0.value) \($0.key)" }.joined(separator: ", ")))
            try Console.show("  inputs   " + SafeText.terminal(model.graph.inputs.map(\.name).joined(separator: ", ")))
            try Console.show("  outputs  " + SafeText.terminal(model.graph.outputs.map(\.name).joined(separator: ", ")))
        }

        func showNetwork() throws {
            let network = try LayeredNetwork(folder: path)
            if talk.json {
                let object: JSON = [
                    "task": "network", "layers": network.layerSummary, "parameters": JSON(network.parameterCount),
                ]
                return try Console.show(object.text())
            }
            let input = network.inputSize.map { "\($0) features" } ?? "tokens"
            try Console.show("A network from \(input) to \(network.outputSize), \(network.parameterCount) parameters")
            for line in network.layerLines { try Console.show("  " + SafeText.terminal(line)) }
        }
    }
#endif
