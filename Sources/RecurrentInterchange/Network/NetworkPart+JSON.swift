import RecurrentFormats
import RecurrentNN
import RecurrentTensor

// How the structure of a network stands in config.json.

extension NetworkPart {
    /// One layer as an object.
    func json(name: String) -> JSON {
        var object: JSONObject = ["kind": .string(configKind), "name": .string(name)]
        if let sizes = recurrentSizes {
            object["input_size"] = JSON(sizes.inputSize)
            object["hidden_size"] = JSON(sizes.hiddenSize)
            if !sizes.isCell {
                object["layers"] = JSON(sizes.layers)
                object["bidirectional"] = JSON(sizes.isBidirectional)
            }
            object["bias"] = JSON(sizes.hasBias)
        }
        switch self {
        case .embedding(let count, let size):
            object["count"] = JSON(count)
            object["size"] = JSON(size)
        case .lstm(_, let projection):
            if let projection { object["projection_size"] = JSON(projection) }
        case .gru(_, let form): object["reset"] = form == .resetAfter ? "after" : "before"
        case .rnn(_, let activation):
            object["activation"] = .string(activation.name)
            if !activation.constants.isEmpty { object["constants"] = JSON(activation.constants) }
        case .layerNorm(let size, let epsilon, let hasBias):
            object["size"] = JSON(size)
            object["epsilon"] = JSON(epsilon)
            object["bias"] = JSON(hasBias)
        case .linear(let inputSize, let outputSize, let hasBias):
            object["input_size"] = JSON(inputSize)
            object["output_size"] = JSON(outputSize)
            object["bias"] = JSON(hasBias)
        case .function(let function):
            object = ["kind": "function", "function": .string(function.rawValue)]
        }
        return .object(object)
    }

    private var configKind: String { kind + (recurrentSizes?.isCell == true ? "-cell" : "") }

    /// Reads one layer.
    ///
    /// - Throws: `badModel` that names the key.
    static func read(_ json: JSONCursor) throws(RecurrentError) -> (name: String, part: NetworkPart) {
        let kind = try json["kind"].string()
        let size = 1...maximumSize
        if kind == "function" {
            try json.allowOnly(["kind", "function"])
            return ("", .function(try json["function"].choice()))
        }
        let name = try json["name"].string()
        func recurrent(_ more: [String] = []) throws(RecurrentError) -> RecurrentSizes {
            let isCell = kind.hasSuffix("-cell")
            try json.allowOnly(
                ["kind", "name", "input_size", "hidden_size", "bias"] + (isCell ? [] : ["layers", "bidirectional"])
                    + more)
            return RecurrentSizes(
                inputSize: try json["input_size"].int(in: size), hiddenSize: try json["hidden_size"].int(in: size),
                layers: isCell ? 1 : try json["layers"].int(in: 1...maximumLayers),
                bidirectional: isCell ? false : try json["bidirectional"].bool(), hasBias: try json["bias"].bool(),
                isCell: isCell)
        }
        switch kind {
        case "embedding":
            try json.allowOnly(["kind", "name", "count", "size"])
            return (name, .embedding(count: try json["count"].int(in: size), size: try json["size"].int(in: size)))
        case "lstm", "lstm-cell":
            let sizes = try recurrent(kind == "lstm" ? ["projection_size"] : [])
            let projection = try json["projection_size"].ifPresent?.int(in: 1...sizes.hiddenSize)
            return (name, .lstm(sizes, projection: projection))
        case "gru", "gru-cell":
            let reset = try json["reset"].string()
            guard let form: GRUForm = ["after": .resetAfter, "before": .resetBefore][reset] else {
                throw json["reset"].error("is \(JSON.string(reset).text())", why: "it must be after or before")
            }
            return (name, .gru(try recurrent(["reset"]), form: form))
        case "rnn", "rnn-cell":
            var constants: [Double] = []
            if let given = json["constants"].ifPresent { constants = try given.doubles() }
            let activation: Activation
            do throws(RecurrentError) {
                activation = try Activation(name: try json["activation"].string(), constants: constants)
            } catch {
                throw json["activation"].error("cannot be used", why: error.what, help: error.help)
            }
            return (name, .rnn(try recurrent(["activation", "constants"]), activation: activation))
        case "layer-norm":
            try json.allowOnly(["kind", "name", "size", "epsilon", "bias"])
            return (
                name,
                .layerNorm(
                    size: try json["size"].int(in: size), epsilon: try json["epsilon"].double(in: 0...1),
                    hasBias: try json["bias"].bool())
            )
        case "linear":
            try json.allowOnly(["kind", "name", "input_size", "output_size", "bias"])
            return (
                name,
                .linear(
                    inputSize: try json["input_size"].int(in: size), outputSize: try json["output_size"].int(in: size),
                    hasBias: try json["bias"].bool())
            )
        default:
            throw json["kind"].error(
                "is \(JSON.string(kind).text())",
                help: Spelling.help(
                    for: kind,
                    in: [
                        "embedding", "lstm", "lstm-cell", "gru", "gru-cell", "rnn", "rnn-cell", "layer-norm", "linear",
                        "function",
                    ]))
        }
    }
}
