import RecurrentFormats
public import RecurrentTensor

/// One case of a golden file of cells beside the LSTM: what a cell is given and what an outside implementation answers.
public struct CellGoldenCase: Sendable {
    /// The name of the case.
    public let name: String
    /// Which cell.
    public let kind: CellOracle.Kind
    /// I, H and the number of heads.
    public let inputSize, hiddenSize, heads: Int
    /// Whether sequences are read from their ends.
    public let isReversed: Bool
    /// How close the other implementation comes, relative to the greatest magnitude of a tensor or to 1.
    public let tolerance: Double
    let tensors: [String: Tensor]

    /// The name of the case, as a test shows it.
    public var testDescription: String { name }

    /// All cases of a file, by name.
    ///
    /// - Throws: `RecurrentError` where the file cannot be read or a case cannot be understood.
    public static func cases(_ path: String) throws(RecurrentError) -> [CellGoldenCase] {
        let file = try SafetensorsFile(path)
        let tensors = try file.tensors()
        var cases: [CellGoldenCase] = []
        for (name, text) in file.metadata.sorted(by: { $0.key < $1.key }) {
            let about = JSONCursor(try JSON(parsing: text, from: path), source: path)
            let kindName = try about["description"]["kind"].string()
            guard let kind = CellOracle.Kind(rawValue: kindName) else {
                throw about["description"]["kind"].error("there is no cell \"\(kindName)\"")
            }
            let own = tensors.filter { $0.name.hasPrefix(name + "/") }
            cases.append(
                CellGoldenCase(
                    name: name, kind: kind, inputSize: try about["inputSize"].int(),
                    hiddenSize: try about["hiddenSize"].int(), heads: try about["description"]["heads"].int(),
                    isReversed: try about["reversed"].bool(), tolerance: try about["tolerance"].double(),
                    tensors: own.reduce(into: [:]) { $0[String($1.name.dropFirst(name.count + 1))] = $1.tensor }))
        }
        return cases
    }

    /// The input, [T, B, I].
    public var x: Tensor { tensors["x"]! }
    /// The number of steps of each sequence; nil where all have T.
    public var lengths: [Int]? { tensors["lengths"]?.doubles().map { Int($0) } }
    /// The parameters by name.
    public var parameters: [String: Tensor] { group("parameter.l0.") }
    /// The parts of the initial state, [B, ·]; nil where none is given.
    public var state: [Tensor]? { parts("state.") }
    /// The parts of the state after every step, [T, B, ·].
    public var steps: [Tensor] { parts("steps.") ?? [] }
    /// The parts of the final state, [B, ·].
    public var final: [Tensor] { parts("final.") ?? [] }
    /// The upstream gradients of ``steps``; nil where the case has no gradients.
    public var stepsUpstream: [Tensor]? { parts("upstream.steps.") }
    /// The upstream gradients of ``final``.
    public var finalUpstream: [Tensor] { parts("upstream.final.") ?? [] }
    /// The gradients of the parameters by name.
    public var parameterGradients: [String: Tensor] { group("gradient.l0.") }
    /// The gradient of the input.
    public var xGradient: Tensor? { tensors["gradient.x"] }
    /// The gradients of the parts of the initial state.
    public var stateGradients: [Tensor]? { parts("gradient.state.") }

    private func group(_ prefix: String) -> [String: Tensor] {
        tensors.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix(prefix) { result[String(entry.key.dropFirst(prefix.count))] = entry.value }
        }
    }

    private func parts(_ prefix: String) -> [Tensor]? {
        let found = (0..<4).compactMap { tensors[prefix + String($0)] }
        return found.isEmpty ? nil : found
    }
}
