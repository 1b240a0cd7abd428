import RecurrentTensor

/// Rows of derivatives along all genes.
struct DerivativeRows {
    let columns: Int
    private(set) var numbers: [Double]

    init(rows: Int, columns: Int) {
        self.columns = columns
        numbers = [Double](repeating: 0, count: rows * columns)
    }

    mutating func clear(_ row: Int) {
        for k in row * columns..<(row + 1) * columns { numbers[k] = 0 }
    }

    /// row ← row + factor × a row of another.
    @inline(__always)
    mutating func add(_ factor: Double, _ other: DerivativeRows, _ from: Int, to row: Int) {
        guard factor != 0 else { return }
        let n = columns
        numbers.withUnsafeMutableBufferPointer { out in
            other.numbers.withUnsafeBufferPointer { x in
                let (out, x) = (out.baseAddress! + row * n, x.baseAddress! + from * n)
                for k in 0..<n { out[k] += factor * x[k] }
            }
        }
    }

    mutating func add(_ value: Double, at column: Int, to row: Int) { numbers[row * columns + column] += value }

    mutating func scale(_ row: Int, by factor: Double) {
        for k in row * columns..<(row + 1) * columns { numbers[k] *= factor }
    }

    mutating func scale(by factor: Double) {
        for k in numbers.indices { numbers[k] *= factor }
    }
}

/// A network of simple units with the derivatives of its answer along its genes, which stand as ``EvolvedNetwork`` has them:
/// input, recurrent, bias, readout, its bias.
struct SensitiveNetwork {
    private let genes: [Double]
    private let sizes: (input: Int, hidden: Int)
    private let hasBias: Bool
    private let hasHead: Bool
    private var hidden: [Double]
    private var slopes: DerivativeRows
    private var nextSlopes: DerivativeRows
    /// The force as a share of the greatest.
    private(set) var answer = 0.0
    /// One row.
    private(set) var answerSlopes: DerivativeRows

    init(_ genes: [Double], input: Int, hidden H: Int, hasBias: Bool, hasHead: Bool) {
        (self.genes, sizes, self.hasBias, self.hasHead) = (genes, (input, H), hasBias, hasHead)
        hidden = [Double](repeating: 0, count: H)
        slopes = DerivativeRows(rows: H, columns: genes.count)
        nextSlopes = slopes
        answerSlopes = DerivativeRows(rows: 1, columns: genes.count)
    }

    mutating func fade(_ factor: Double) { slopes.scale(by: factor) }

    /// One step from what is seen of a state: `seen` says which of its numbers, and at which scale.
    mutating func advance(
        _ state: PolePhysics.State, _ stateSlopes: DerivativeRows, _ seen: [(number: Int, scale: Double)]
    ) {
        let (I, H) = sizes
        let (recurrent, bias) = (H * I, H * (I + H))
        let numbers = state.numbers
        var next = hidden
        for unit in 0..<H {
            var sum = 0.0
            nextSlopes.clear(unit)
            if hasBias {
                sum = genes[bias + unit]
                nextSlopes.add(1, at: bias + unit, to: unit)
            }
            for (k, (number, scale)) in seen.enumerated() {
                let weight = genes[unit * I + k]
                sum += weight * scale * numbers[number]
                nextSlopes.add(scale * numbers[number], at: unit * I + k, to: unit)
                nextSlopes.add(weight * scale, stateSlopes, number, to: unit)
            }
            for k in 0..<H {
                let place = recurrent + unit * H + k
                sum += genes[place] * hidden[k]
                nextSlopes.add(hidden[k], at: place, to: unit)
                nextSlopes.add(genes[place], slopes, k, to: unit)
            }
            next[unit] = Double.tanh(sum)
            nextSlopes.scale(unit, by: 1 - next[unit] * next[unit])
        }
        hidden = next
        swap(&slopes, &nextSlopes)
        read(from: bias + (hasBias ? H : 0))
    }

    private mutating func read(from head: Int) {
        let H = sizes.hidden
        answerSlopes.clear(0)
        guard hasHead else {
            answer = hidden[0]
            answerSlopes.add(1, slopes, 0, to: 0)
            return
        }
        var sum = 0.0
        if hasBias {
            sum = genes[head + H]
            answerSlopes.add(1, at: head + H, to: 0)
        }
        for k in 0..<H {
            sum += genes[head + k] * hidden[k]
            answerSlopes.add(hidden[k], at: head + k, to: 0)
            answerSlopes.add(genes[head + k], slopes, k, to: 0)
        }
        answer = Double.tanh(sum)
        answerSlopes.scale(0, by: 1 - answer * answer)
    }
}
