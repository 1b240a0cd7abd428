// One step of one LSTM layer for one row, I = H, on one thread. Answers one command a line, so that `streaming.py` can
// interleave its rounds with those of a peer:
//
//     step H FORMAT SECONDS -> JSON: microseconds a step (median, p99, max, min), the count, and the bytes of weights
//     check H STEPS PATH    -> outputs of every format over some steps as raw float32, in the order of the formats
//     read BYTES SECONDS    -> GB/s at which one thread reads memory of that size again and again
//
// FORMAT: float32, float16, bfloat16 or int8.

import CReadBench
import LineProtocol
import RecurrentNN
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func layer(_ hidden: Int) -> LSTM {
    var lstm = LSTM(inputSize: hidden, hiddenSize: hidden, key: RandomKey(seed: 0))
    let scale = 1 / Float(hidden).squareRoot()
    func tensor(_ shape: [Int], _ salt: UInt32) -> Tensor {
        Tensor(numbers(shape.reduce(1, *), salt: salt, scale: scale), shape: shape)
    }
    lstm.cells[0].inputWeight.value = tensor([4 * hidden, hidden], 2)
    lstm.cells[0].recurrentWeight.value = tensor([4 * hidden, hidden], 3)
    lstm.cells[0].inputBias.value = tensor([4 * hidden], 4)
    lstm.cells[0].recurrentBias.value = tensor([4 * hidden], 6)
    return lstm
}

var streams: [String: StreamingLSTM] = [:]
@MainActor func stream(_ hidden: Int, _ format: WeightFormat) throws -> StreamingLSTM {
    if let known = streams["\(hidden) \(format)"] { return known }
    let made = try StreamingLSTM(layer(hidden), weights: format)
    streams["\(hidden) \(format)"] = made
    return made
}

func measure(_ stream: StreamingLSTM, _ limit: Double) -> String {
    var stream = stream
    let H = stream.hiddenSize
    let x = numbers(H, salt: 1, scale: 1)
    var y = [Float](repeating: 0, count: H)
    var times: [Double] = []
    times.reserveCapacity(1 << 20)
    x.withUnsafeBufferPointer { from in
        y.withUnsafeMutableBufferPointer { to in
            for _ in 0..<20 { stream.step(from, into: to) }
            let start = seconds()
            var before = start
            while before - start < limit, times.count < 1 << 20 {
                stream.step(from, into: to)
                let now = seconds()
                times.append(now - before)
                before = now
            }
        }
    }
    times.sort()
    func at(_ share: Double) -> Double { times[min(times.count - 1, Int(share * Double(times.count)))] * 1e6 }
    return "{\"median\": \(at(0.5)), \"p99\": \(at(0.99)), \"max\": \(at(1)), \"min\": \(times[0] * 1e6), "
        + "\"count\": \(times.count), \"bytes\": \(stream.weightByteCount)}"
}

func readSpeed(_ bytes: Int, _ limit: Double) -> Double {
    let page = 1 << 21
    var memory: UnsafeMutableRawPointer?
    let size = (bytes + page - 1) / page * page
    guard posix_memalign(&memory, page, size) == 0, let memory else { return 0 }
    defer { free(memory) }
    #if os(Linux)
        _ = madvise(memory, size, Int32(MADV_HUGEPAGE))
    #endif
    memset(memory, 1, size)
    let rounds = max(1, 1_000_000 / bytes)
    var best = Double.infinity
    var kept = 0
    let start = seconds()
    while seconds() - start < limit {
        let before = seconds()
        for _ in 0..<rounds { kept |= read_bench(memory, bytes) }
        best = min(best, (seconds() - before) / Double(rounds))
    }
    return kept == 0 ? 0 : Double(bytes) / best / 1e9
}

ComputePool.threadCount = 1
answer("ready \(InstructionSet.current.rawValue)")
while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    do {
        switch words.first {
        case "step" where words.count == 4:
            guard let hidden = Int(words[1]), hidden > 0, let format = WeightFormat(rawValue: words[2]),
                let limit = Double(words[3])
            else { fallthrough }
            answer(measure(try stream(hidden, format), limit))
        case "check" where words.count == 4:
            guard let hidden = Int(words[1]), let steps = Int(words[2]), let file = fopen(words[3], "wb") else {
                fallthrough
            }
            let x = Tensor(numbers(steps * hidden, salt: 1, scale: 1), shape: [steps, hidden])
            for format in WeightFormat.allCases {
                var stream = try StreamingLSTM(layer(hidden), weights: format)
                stream(x).scalars(of: Float.self).withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
            }
            fclose(file)
            answer("done")
        case "read" where words.count == 3:
            guard let bytes = Int(words[1]), bytes >= 512, let limit = Double(words[2]) else { fallthrough }
            answer("\(readSpeed(bytes, limit))")
        default: answer("error: \(line)")
        }
    } catch {
        answer("error: \(error)")
    }
}
