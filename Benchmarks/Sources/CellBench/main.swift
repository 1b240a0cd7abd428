// Answers one command a line, so that `compare_cells.py` can interleave its rounds with those of a peer:
//
//     time CELL forward|train T B I H SECONDS     -> seconds of every iteration of one round
//     dump CELL T B I H PATH                      -> outputs and gradients of x, W, R and both biases as raw float32
//
// CELL is gru, gru-before, rnn or rnn-relu. The first argument is the number of threads.

import Recurrent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func answer(_ line: String) {
    print(line)
    fflush(nil)
}

/// One layer on fixed pseudo-random numbers, which any language can make too.
struct Subject {
    let cell: String
    let x, inputWeight, recurrentWeight, inputBias, recurrentBias, upstream: Tensor

    init(_ cell: String, _ steps: Int, _ batch: Int, _ input: Int, _ hidden: Int) {
        self.cell = cell
        let scale = 1 / Float(hidden).squareRoot()
        let rows = (cell.hasPrefix("gru") ? 3 : 1) * hidden
        x = Subject.numbers([steps, batch, input], salt: 1, scale: 1)
        inputWeight = Subject.numbers([rows, input], salt: 2, scale: scale)
        recurrentWeight = Subject.numbers([rows, hidden], salt: 3, scale: scale)
        inputBias = Subject.numbers([rows], salt: 4, scale: scale)
        recurrentBias = Subject.numbers([rows], salt: 6, scale: scale)
        upstream = Subject.numbers([steps, batch, hidden], salt: 5, scale: 1)
    }

    // Multiplicative hashing.
    private static func numbers(_ shape: [Int], salt: UInt32, scale: Float) -> Tensor {
        let values = (0..<UInt32(shape.reduce(1, *))).map { index in
            var bits = (index &+ salt &* 0x9E37_79B9) &* 2_654_435_761
            bits ^= bits >> 15
            bits = bits &* 2_246_822_519
            bits ^= bits >> 13
            return (Float(bits >> 8) / Float(1 << 23) - 1) * scale
        }
        return Tensor(values, shape: shape)
    }

    private func run(_ v: [Variable]) -> Variable {
        if cell.hasPrefix("gru") {
            return Variable.gru(
                v[0], hidden: nil, inputWeight: v[1], recurrentWeight: v[2], inputBias: v[3], recurrentBias: v[4],
                resetsBefore: cell == "gru-before", lengths: nil, reversed: false
            ).hidden
        }
        return Variable.rnn(
            v[0], hidden: nil, inputWeight: v[1], recurrentWeight: v[2], inputBias: v[3], recurrentBias: v[4],
            activation: cell == "rnn-relu" ? .relu : .tanh, lengths: nil, reversed: false
        ).hidden
    }

    private var inputs: [Tensor] { [x, inputWeight, recurrentWeight, inputBias, recurrentBias] }

    func forward() { _ = run(inputs.map { Variable($0) }) }

    @discardableResult func train() -> [Tensor] {
        let tape = Tape()
        let variables = inputs.map { tape.variable($0) }
        let y = run(variables)
        return [y.value] + tape.gradients(of: y, for: variables, seed: upstream).compactMap { $0 }
    }
}

let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
ComputePool.threadCount = threads
answer("ready \(InstructionSet.current.rawValue)")

var subjects: [String: Subject] = [:]
@MainActor func subject(_ words: ArraySlice<String>) -> Subject {
    let name = words.joined(separator: " ")
    if let known = subjects[name] { return known }
    let sizes = words.dropFirst().compactMap { Int($0) }
    let made = Subject(words.first ?? "gru", sizes[0], sizes[1], sizes[2], sizes[3])
    subjects[name] = made
    return made
}

while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("time", 8):
        let subject = subject([words[1]] + words[3..<7])
        let limit = Double(words[7]) ?? 0.3
        var times: [Double] = []
        let start = seconds()
        while times.count < 3 || seconds() - start < limit {
            let before = seconds()
            if words[2] == "train" { subject.train() } else { subject.forward() }
            times.append(seconds() - before)
        }
        answer(times.map { "\($0)" }.joined(separator: " "))
    case ("dump", 7):
        guard let file = fopen(words[6], "wb") else {
            answer("error: \(words[6]) cannot be written")
            continue
        }
        for tensor in subject([words[1]] + words[2..<6]).train() {
            tensor.scalars(of: Float.self).withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
        }
        fclose(file)
        answer("done")
    default: answer("error: \(line)")
    }
}
