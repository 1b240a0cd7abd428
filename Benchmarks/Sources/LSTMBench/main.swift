// Answers one command a line, so that `compare.py` can interleave its rounds with those of a peer:
//
//     time forward|train T B I H SECONDS     -> seconds of every iteration of one round
//     dump T B I H PATH                      -> outputs and gradients as raw float32, in the order of `results()`
//     peak                                   -> GFLOP/s of multiply-adds alone
//
// The first argument is the number of threads.

@_spi(Testing) import RecurrentTensor

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

let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
ComputePool.threadCount = threads
answer("ready \(InstructionSet.current.rawValue)")

var layers: [[Int]: LSTMBenchmark] = [:]
@MainActor func layer(_ sizes: [Int]) -> LSTMBenchmark {
    if let known = layers[sizes] { return known }
    let layer = LSTMBenchmark(steps: sizes[0], batch: sizes[1], input: sizes[2], hidden: sizes[3])
    layers[sizes] = layer
    return layer
}

while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    let sizes = words.compactMap { Int($0) }.prefix(4)
    switch (words.first, sizes.count) {
    case ("peak", _):
        answer("\(LSTMBenchmark.multiplyAddPeak(threads: threads, iterations: 4_000_000, clock: seconds))")
    case ("time", 4) where words.count == 7:
        let layer = layer(Array(sizes))
        let limit = Double(words[6]) ?? 0.3
        var times: [Double] = []
        let start = seconds()
        while times.count < 3 || seconds() - start < limit {
            let before = seconds()
            if words[1] == "train" { layer.trainingStep() } else { layer.forward() }
            times.append(seconds() - before)
        }
        answer(times.map { "\($0)" }.joined(separator: " "))
    case ("dump", 4) where words.count == 6:
        guard let file = fopen(words[5], "wb") else {
            answer("error: \(words[5]) cannot be written")
            continue
        }
        for values in layer(Array(sizes)).results() {
            values.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
        }
        fclose(file)
        answer("done")
    default: answer("error: \(line)")
    }
}
