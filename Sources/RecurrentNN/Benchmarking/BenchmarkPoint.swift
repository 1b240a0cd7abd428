package import RecurrentTensor

/// One thing to time: a network over one batch, as words that a driver sends and a person types.
///
///     zaremba-medium lstm T=35 B=20 I=650 H=650 layers=2
///     ragged lstm T=50 B=64 I=256 H=256 directions=2 ragged
///     stream-128 lstm T=1 B=1 I=128 H=128 stream
package struct BenchmarkPoint: Sendable, Hashable {
    /// The family of cells.
    package enum Cell: String, Sendable, CaseIterable {
        case lstm, gru, rnn
    }

    /// The member of the LSTM family.
    package enum Variant: String, Sendable, CaseIterable {
        case standard, peephole
        case layerNorm = "layer-norm"
    }

    /// What it is called.
    package var name: String
    package var cell = Cell.lstm
    package var variant = Variant.standard
    package var steps = 1
    package var batch = 1
    package var input = 1
    package var hidden = 1
    package var layers = 1
    package var directions = 1
    /// Whether the sequences have the lengths ``lengths``.
    package var isRagged = false
    /// The size of a projected hidden state.
    package var projection: Int?
    /// Whether single steps are timed, the state carried from one to the next.
    package var isStream = false

    /// A standard LSTM.
    package init(_ name: String, steps: Int, batch: Int, input: Int, hidden: Int, layers: Int = 1) {
        self.name = name
        (self.steps, self.batch, self.input, self.hidden, self.layers) = (steps, batch, input, hidden, layers)
    }

    /// A point from its words.
    ///
    /// - Throws: `usage` where a word has no meaning or a size is not possible.
    package init(_ text: String) throws(RecurrentError) {
        var words = text.split(separator: " ").map(String.init)[...]
        guard let name = words.popFirst(), let kind = words.popFirst() else {
            throw RecurrentError(.usage, "a point needs a name and a cell", at: text)
        }
        guard let cell = Cell(rawValue: kind) else {
            throw RecurrentError(
                .usage, "there is no cell '\(kind)'", at: text,
                help: Spelling.help(for: kind, in: Cell.allCases.map(\.rawValue)))
        }
        (self.name, self.cell) = (name, cell)
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2, let number = Int(parts[1]) {
                switch parts[0] {
                case "T": steps = number
                case "B": batch = number
                case "I": input = number
                case "H": hidden = number
                case "layers": layers = number
                case "directions": directions = number
                case "projection": projection = number
                default: throw RecurrentError(.usage, "'\(parts[0])' is no size of a point", at: text)
                }
            } else if word == "ragged" {
                isRagged = true
            } else if word == "stream" {
                isStream = true
            } else if let variant = Variant(rawValue: word) {
                self.variant = variant
            } else {
                throw RecurrentError(.usage, "'\(word)' says nothing about a point", at: text)
            }
        }
        try validate(text)
    }

    /// The words of the point.
    package var text: String {
        var words = [name, cell.rawValue, "T=\(steps)", "B=\(batch)", "I=\(input)", "H=\(hidden)"]
        if layers != 1 { words.append("layers=\(layers)") }
        if directions != 1 { words.append("directions=\(directions)") }
        if let projection { words.append("projection=\(projection)") }
        if isRagged { words.append("ragged") }
        if variant != .standard { words.append(variant.rawValue) }
        if isStream { words.append("stream") }
        return words.joined(separator: " ")
    }

    /// What makes a point impossible, or more than a machine can be asked for.
    package func validate(_ place: String) throws(RecurrentError) {
        func bad(_ what: String, _ why: String? = nil) -> RecurrentError {
            RecurrentError(.usage, what, at: place, why: why)
        }
        for (letter, size) in [("T", steps), ("B", batch), ("I", input), ("H", hidden)]
        where !(1...1_000_000).contains(size) {
            throw bad("\(letter) is \(size); 1 to 1000000 are possible")
        }
        guard (1...64).contains(layers) else { throw bad("\(layers) layers; 1 to 64 are possible") }
        guard (1...2).contains(directions) else { throw bad("\(directions) directions; 1 and 2 are possible") }
        if let projection, !(1...hidden).contains(projection) {
            throw bad("a projection of \(projection) units; 1 to H are possible")
        }
        guard cell == .lstm || (variant == .standard && projection == nil) else {
            throw bad("'\(variant.rawValue)' and projections belong to the LSTM")
        }
        guard !isStream || (cell == .lstm && steps == 1 && directions == 1 && !isRagged) else {
            throw bad("a stream takes single steps of an LSTM in one direction")
        }
        let places = Double(layers * directions)
        let states = Double(steps) * Double(batch) * (Double(input) + 8 * Double(hidden) * places)
        let weights = 4 * Double(hidden) * (Double(max(input, directions * hidden)) + Double(hidden)) * places
        guard states + 3 * weights < 2e9 else {
            throw bad("the point needs more than 8 GB", "states and weights have \(Int(states + weights)) numbers")
        }
    }

    /// The points of the speed protocol: the named ones, or all.
    package static func points(all: Bool) throws(RecurrentError) -> [BenchmarkPoint] {
        var points: [BenchmarkPoint] = []
        for line in (namedWords + "\n" + (all ? drawnWords : "")).split(separator: "\n") {
            points.append(try BenchmarkPoint(String(line)))
        }
        return points
    }

    // MARK: - What follows from it

    /// The size of a hidden state.
    var output: Int { projection ?? hidden }
    private var gates: Int {
        switch cell {
        case .lstm: 4
        case .gru: 3
        case .rnn: 1
        }
    }

    /// The steps of each sequence where they differ: k steps with a probability of about 1/k (Zipf), in whole numbers alone,
    /// so that every language draws the same; the first sequence has T.
    package var lengths: [Int]? {
        guard isRagged else { return nil }
        let weights = (1...steps).map { (1 << 20) / $0 }
        let total = weights.reduce(0, +)
        return [steps]
            + (1..<max(1, batch)).map { row in
                var bits = UInt32(row) &* 2_654_435_761
                bits ^= bits >> 15
                bits = bits &* 2_246_822_519
                bits ^= bits >> 13
                var rest = Int(bits) % total
                var k = 0
                while rest >= weights[k] {
                    rest -= weights[k]
                    k += 1
                }
                return k + 1
            }
    }

    /// The numbers of input and recurrent weights of each layer, a direction.
    private var weightCounts: [(input: Double, recurrent: Double)] {
        (0..<layers).map { layer in
            let width = layer == 0 ? input : directions * output
            let projected = projection.map { Double($0) * Double(hidden) } ?? 0
            return (
                Double(gates) * Double(hidden) * Double(width),
                Double(gates) * Double(hidden) * Double(output) + projected
            )
        }
    }

    /// Floating-point operations of the products of one pass; a training step has three times as many.
    package var operations: Double {
        let rows = Double(lengths.map { $0.reduce(0, +) } ?? steps * batch)
        return weightCounts.reduce(0) { $0 + 2 * rows * Double(directions) * ($1.input + $1.recurrent) }
    }

    /// Bytes of weights that every step reads: the recurrent ones, and in a stream the input's too.
    package var bytesEachStep: Double {
        weightCounts.reduce(0) {
            $0 + 4 * Double(directions) * ($1.recurrent + (isStream ? $1.input : 0))
        }
    }
}
