import RecurrentFormats
public import RecurrentTensor

/// One case of a golden file: an LSTM, what it is given, and what an outside implementation answers.
///
/// Cells are named l0, l0r, l1, …: layer and, with r, the reversed direction. States are stacked [L·D, B, ·] in that order.
public struct LSTMGoldenCase: Sendable {
    /// The name of the case.
    public let name: String
    /// Which LSTM.
    public let description: LSTMDescription
    /// I.
    public let inputSize: Int
    /// H.
    public let hiddenSize: Int
    /// L.
    public let layers: Int
    /// D: 1 or 2.
    public let directions: Int
    /// Whether the only direction is the reversed one.
    public let isReversed: Bool
    /// How close the other implementation comes, relative to the greatest magnitude of a tensor or to 1.
    public let tolerance: Double
    let tensors: [String: Tensor]

    /// The name of the case, as a test shows it.
    public var testDescription: String { name }

    /// All cases of a file, by name.
    ///
    /// - Throws: `RecurrentError` where the file cannot be read or a case's description cannot be understood.
    public static func cases(_ path: String) throws(RecurrentError) -> [LSTMGoldenCase] {
        let file = try SafetensorsFile(path)
        var grouped: [String: [String: Tensor]] = [:]
        for (name, tensor) in try file.tensors() {
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            grouped[parts[0], default: [:]][parts.count > 1 ? parts[1] : ""] = tensor
        }
        var cases: [LSTMGoldenCase] = []
        for (name, text) in file.metadata.sorted(by: { $0.key < $1.key }) {
            let about = JSONCursor(try JSON(parsing: text, from: path), source: path)
            cases.append(try LSTMGoldenCase(name, about, grouped[name] ?? [:]))
        }
        return cases
    }

    private init(_ name: String, _ about: JSONCursor, _ tensors: [String: Tensor]) throws(RecurrentError) {
        self.name = name
        self.tensors = tensors
        description = try LSTMDescription(golden: about["description"])
        inputSize = try about["inputSize"].int()
        hiddenSize = try about["hiddenSize"].int()
        layers = try about["layers"].int()
        directions = try about["directions"].int()
        isReversed = try about["reversed"].bool()
        tolerance = try about["tolerance"].double()
    }

    // MARK: - What is given

    /// The input, [T, B, I].
    public var x: Tensor { tensors["x"]! }
    /// The number of steps of each sequence; nil where all have T.
    public var lengths: [Int]? { tensors["lengths"]?.doubles().map { Int($0) } }
    /// The names of the cells, layer by layer, forward before reversed.
    public var cellNames: [String] {
        (0..<layers).flatMap { layer in directions == 2 ? ["l\(layer)", "l\(layer)r"] : ["l\(layer)"] }
    }
    /// The parameters of a cell by name.
    public func parameters(_ cell: String = "l0") -> [String: Tensor] { group("parameter.\(cell).") }
    /// The parts of the initial state, each [L·D, B, ·]; nil where none is given.
    public var state: [Tensor]? { parts("state.") }
    /// The masks.
    public var masks: LSTMFamilyOracle.Masks {
        var masks = LSTMFamilyOracle.Masks()
        masks.candidate = tensors["mask.candidate"]
        masks.recurrent = tensors["mask.recurrent"]
        masks.hiddenZone = tensors["mask.hiddenZone"]
        masks.cellZone = tensors["mask.cellZone"]
        masks.recurrentWeight = tensors["mask.recurrentWeight"]
        masks.inputNoise = tensors["mask.inputNoise"]
        return masks
    }
    /// Whether chance plays a part, so that a run without the masks answers something else.
    public var hasMasks: Bool { tensors.keys.contains { $0.hasPrefix("mask.") } }

    // MARK: - What is expected

    /// The output of the last layer, [T, B, D·Y], where it is known.
    public var output: Tensor? { tensors["output"] }
    /// The cells of every step, [T, B, H], where one cell is run and they are known.
    public var cells: Tensor? { tensors["cells"] }
    /// The parts of the final state, each [L·D, B, ·].
    public var final: [Tensor] { parts("final.") ?? [] }
    /// The upstream gradient of the output; nil where the case has no gradients.
    public var outputUpstream: Tensor? { tensors["upstream.output"] }
    /// The upstream gradient of the cells of every step.
    public var cellsUpstream: Tensor? { tensors["upstream.cells"] }
    /// The upstream gradients of the final state.
    public var finalUpstream: [Tensor] { parts("upstream.final.") ?? [] }
    /// The gradients of a cell's parameters by name.
    public func parameterGradients(_ cell: String = "l0") -> [String: Tensor] { group("gradient.\(cell).") }
    /// The gradient of the input.
    public var xGradient: Tensor? { tensors["gradient.x"] }
    /// The gradients of the parts of the initial state, each [L·D, B, ·].
    public var stateGradients: [Tensor]? { parts("gradient.state.") }

    private func group(_ prefix: String) -> [String: Tensor] {
        tensors.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix(prefix) { result[String(entry.key.dropFirst(prefix.count))] = entry.value }
        }
    }

    private func parts(_ prefix: String) -> [Tensor]? {
        let found = (0..<3).compactMap { tensors[prefix + String($0)] }
        return found.isEmpty ? nil : found
    }
}

extension LSTMDescription {
    /// A description from what a golden file says to differ from the standard LSTM.
    init(golden json: JSONCursor) throws(RecurrentError) {
        self.init()
        try json.allowOnly([
            "inputGate", "forgetGate", "outputGate", "gateActivation", "cellInputActivation", "cellOutputActivation",
            "peepholes", "fullGateRecurrence", "cellsPerBlock", "projectionSize", "nonRecurrentProjectionSize",
            "layerNormalization", "hiddenZoneout", "cellZoneout", "recurrentDropout", "dropConnect", "inputNoise",
            "cellClip", "preactivationClip", "gradientClip", "truncatedGradient", "learnedInitialState",
        ])
        inputGate = try Self.choice(json["inputGate"], inputGate)
        forgetGate = try Self.choice(json["forgetGate"], forgetGate)
        outputGate = try Self.choice(json["outputGate"], outputGate)
        gateActivation = try Self.activation(json["gateActivation"], gateActivation)
        cellInputActivation = try Self.activation(json["cellInputActivation"], cellInputActivation)
        cellOutputActivation = try Self.activation(json["cellOutputActivation"], cellOutputActivation)
        peepholes = try Self.choice(json["peepholes"], peepholes)
        fullGateRecurrence = try json["fullGateRecurrence"].ifPresent?.bool() ?? false
        cellsPerBlock = try json["cellsPerBlock"].ifPresent?.int() ?? 1
        projectionSize = try json["projectionSize"].ifPresent?.int()
        nonRecurrentProjectionSize = try json["nonRecurrentProjectionSize"].ifPresent?.int()
        layerNormalization = try json["layerNormalization"].ifPresent?.bool() ?? false
        hiddenZoneout = try json["hiddenZoneout"].ifPresent?.double() ?? 0
        cellZoneout = try json["cellZoneout"].ifPresent?.double() ?? 0
        if let dropout = json["recurrentDropout"].ifPresent {
            let rate = try dropout["rate"].double()
            let isVariational = try dropout["kind"].string() == "variational"
            recurrentDropout = isVariational ? .variational(rate) : .withoutMemoryLoss(rate)
        }
        dropConnect = try json["dropConnect"].ifPresent?.double() ?? 0
        inputNoise = try json["inputNoise"].ifPresent?.double() ?? 0
        cellClip = try json["cellClip"].ifPresent?.double()
        preactivationClip = try json["preactivationClip"].ifPresent?.double()
        gradientClip = try json["gradientClip"].ifPresent?.double()
        truncatedGradient = try json["truncatedGradient"].ifPresent?.bool() ?? false
        learnedInitialState = try json["learnedInitialState"].ifPresent?.bool() ?? false
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ json: JSONCursor, _ fallback: Choice
    ) throws(RecurrentError) -> Choice where Choice.RawValue == String {
        guard let text = try json.ifPresent?.string() else { return fallback }
        guard let choice = Choice(rawValue: text) else { throw json.error("there is no choice \"\(text)\"") }
        return choice
    }

    private static func activation(_ json: JSONCursor, _ fallback: Activation) throws(RecurrentError) -> Activation {
        guard let json = json.ifPresent else { return fallback }
        return try Activation(
            name: try json["name"].string(), constants: try json["constants"].ifPresent?.doubles() ?? [])
    }
}
