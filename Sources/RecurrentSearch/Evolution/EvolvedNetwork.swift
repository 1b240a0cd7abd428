public import RecurrentAutodiff
public import RecurrentNN
public import RecurrentTensor

/// What a network that acts looks like.
public struct NetworkShape: Sendable, Hashable {
    /// How the hidden state becomes an answer.
    public enum Readout: String, Sendable, Hashable, CaseIterable {
        /// By a linear map.
        case linear
        /// The first units are the answer.
        case units
    }

    /// The name of the cell in the catalogue.
    public var cell: String
    /// The units.
    public var hiddenSize: Int
    /// Whether cell and readout have biases.
    public var hasBias: Bool
    /// How the hidden state becomes an answer.
    public var readout: Readout

    /// A shape.
    public init(cell: String = "rnn", hiddenSize: Int = 3, hasBias: Bool = true, readout: Readout = .linear) {
        (self.cell, self.hiddenSize, self.hasBias, self.readout) = (cell, hiddenSize, hasBias, readout)
    }
}

/// A recurrent network that answers observations: a cell and a linear readout.
///
/// As a module it can be trained by gradients, saved and exported; by ``genes`` it is a vector that evolution searches.
///
/// - Shapes: observation [I] → answer [O].
public struct EvolvedNetwork: Module {
    /// What it looks like.
    public let shape: NetworkShape
    /// The numbers of an observation.
    public let inputSize: Int
    /// The numbers of an answer.
    public let outputSize: Int
    /// The recurrent cell.
    public var cell: any RecurrentCell
    /// The linear map from the hidden state to the answer; nil where units are the answer.
    public var head: Linear?
    let layout: GenomeLayout

    /// A network with every gene at its start: all weights 0, a forget gate's bias as its cell begins with.
    ///
    /// - Throws: `usage` for a cell that is not there or sizes that are not possible.
    public init(_ shape: NetworkShape, inputSize: Int, outputSize: Int) throws(RecurrentError) {
        let limit = 4096
        guard (1...limit).contains(inputSize), (1...limit).contains(outputSize), (1...limit).contains(shape.hiddenSize)
        else {
            throw RecurrentError(
                .usage,
                "a network of \(shape.hiddenSize) units for \(inputSize) numbers and \(outputSize) answers "
                    + "is not possible", why: "each must be from 1 to \(limit)")
        }
        guard shape.readout == .linear || outputSize <= shape.hiddenSize else {
            throw RecurrentError(
                .usage, "\(shape.hiddenSize) units cannot be an answer of \(outputSize) numbers",
                help: "use at least \(outputSize) units, or a linear readout")
        }
        (self.shape, self.inputSize, self.outputSize) = (shape, inputSize, outputSize)
        let key = RandomKey(seed: 0)
        cell = try CellCatalog.entry(named: shape.cell).make(inputSize, shape.hiddenSize, key)
        guard cell.outputSizeOfStep == shape.hiddenSize else {
            throw RecurrentError(.usage, "the cell '\(shape.cell)' has no output for each unit")
        }
        if shape.readout == .linear {
            head = Linear(inputSize: shape.hiddenSize, outputSize: outputSize, bias: shape.hasBias, key: key)
        }
        var names: [(name: String, value: Tensor)] = cell.parameters.map { ("cell." + $0.name, $0.value) }
        if let head { names += head.parameters.map { ("head." + $0.name, $0.value) } }
        layout = GenomeLayout(names, shape, isGRU: cell is GRUCell)
        genes = layout.start
    }

    /// The numbers that evolution searches, in the order of the parameters.
    public var genes: [Double] {
        get {
            var values: [Double] = []
            for (_, value) in parameters { values += value.doubles() }
            return layout.genes(of: values)
        }
        set {
            let all = layout.parameters(of: newValue)
            var at = 0
            updateParameters { _, value in
                let count = value.count
                value = Tensor(Array(all[at..<at + count]), shape: value.shape)
                at += count
            }
        }
    }

    /// How many genes there are.
    public var geneCount: Int { layout.geneCount }

    /// The answer of one step, and the state after it; `state` empty is the initial state.
    ///
    /// - Shapes: `x` [B, I] → [B, O].
    public func callAsFunction(_ x: Variable, from state: inout [Variable]) -> Variable {
        let hidden = cell(x, from: &state)
        guard let head else { return hidden.sliced(0..<outputSize, axis: 1) }
        return head(hidden)
    }

    /// Visits `cell` and `head`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("cell", &cell)
        if head != nil { visit("head", &head!) }
    }
}

extension RecurrentCell {
    var outputSizeOfStep: Int { stateSizes.first ?? 0 }
}

/// Which parameters of a network are genes.
struct GenomeLayout: Sendable {
    /// Where each parameter begins among all numbers.
    let places: [String: Int]
    /// The numbers of all parameters.
    let count: Int
    /// The runs of all numbers that are genes.
    let runs: [Range<Int>]
    /// All numbers where they are no genes, and where genes begin.
    let base: [Float]

    init(_ parameters: [(name: String, value: Tensor)], _ shape: NetworkShape, isGRU: Bool) {
        var (places, runs, base, at) = ([String: Int](), [Range<Int>](), [Float](), 0)
        for (name, value) in parameters {
            places[name] = at
            let size = value.count
            let isBias = name.contains("bias")
            let isSecond = name.hasSuffix("bias_hh")
            // Weights begin at zero; biases and gains as the cell does, the forget gate's at 1.
            base +=
                value.shape.count > 1 || name.contains("peephole")
                ? [Float](repeating: 0, count: size) : value.doubles().map { Float($0) }
            var run = at..<at + size
            // A second bias says nothing that the first does not, but for the candidate of a GRU.
            if isSecond { run = isGRU ? at + 2 * size / 3..<at + size : at..<at }
            if isBias, !shape.hasBias { run = at..<at }
            if !run.isEmpty { runs.append(run) }
            at += size
        }
        (self.places, self.runs, self.base, count) = (places, runs, base, at)
    }

    var geneCount: Int { runs.reduce(0) { $0 + $1.count } }
    /// The genes of an untouched network.
    var start: [Double] { runs.flatMap { base[$0].map { Double($0) } } }

    func genes(of all: [Double]) -> [Double] { runs.flatMap { all[$0] } }

    /// All numbers of a genome.
    func parameters(of genes: [Double]) -> [Float] {
        var all = base
        write(genes, into: &all)
        return all
    }

    func write(_ genes: [Double], into all: inout [Float]) {
        precondition(genes.count == geneCount, "EvolvedNetwork: \(genes.count) genes; \(geneCount) are needed")
        var at = 0
        for run in runs {
            for k in run {
                all[k] = Float(genes[at])
                at += 1
            }
        }
    }
}
