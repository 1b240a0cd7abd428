// Answers one command a line, so that `end_to_end.py` can interleave parts of an epoch with those of a peer:
//
//     characters PATH            -> updates of an epoch: the character model over a text
//     weights PATH               -> ok; writes the character model's weights as they are
//     forecast PATH [DROPOUT]    -> updates of an epoch: the networks of the default forecaster of a file of series
//     plan PATH N                -> ok; writes what a peer needs for the forecaster's first N updates
//     steps N                    -> the seconds of N updates, the monotonic clock after them, their losses
//     profile                    -> where the time of all updates so far went, as JSON
//     usage                      -> the peak of the resident memory in bytes
//     softmax N V H SECONDS      -> seconds of every evaluation of the vocabulary softmax with all gradients
//     peak                       -> GFLOP/s of multiply-adds alone
//
// The first argument is the number of threads; those after it are commands too, one each, without an answer but the last.

import LineProtocol
import Recurrent
@_spi(Testing) import RecurrentTasks
@_spi(Testing) import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func bytes(of path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: max(0, ftell(file)))
    rewind(file)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
}

/// The vocabulary softmax alone: hidden states, weights and bias on the tape, the loss and its three gradients.
func softmaxTimes(_ N: Int, _ V: Int, _ H: Int, _ limit: Double) -> String {
    let hidden = Tensor(normal: 0, deviation: 1, shape: [N, H], key: RandomKey(seed: 1))
    let weight = Tensor(normal: 0, deviation: 0.05, shape: [V, H], key: RandomKey(seed: 2))
    let bias = Tensor(zeros: [V])
    let targets = Tensor((0..<N).map { Int32($0 * 7919 % V) })
    var times: [Double] = []
    let start = seconds()
    while times.count < 3 || seconds() - start < limit {
        let before = seconds()
        let tape = Tape()
        let inputs = [hidden, weight, bias].map { tape.variable($0) }
        let loss = inputs[0].linearCrossEntropy(weight: inputs[1], bias: inputs[2], targets: targets)
        _ = tape.gradients(of: loss, for: inputs)
        times.append(seconds() - before)
    }
    return times.map { "\($0)" }.joined(separator: " ")
}

func steps(_ count: Int, _ step: () throws -> [Double]) rethrows -> String {
    let start = seconds()
    let losses = try (0..<count).flatMap { _ in try step() }
    let end = seconds()
    return ([end - start, end] + losses).map { "\($0)" }.joined(separator: " ")
}

var characters: CharacterRun?
var forecast: ForecastBenchmark?

@MainActor func perform(_ words: [String]) throws -> String {
    switch words.first {
    case "characters" where words.count == 2:
        let run = CharacterRun(text: bytes(of: words[1]))
        characters = run
        return "\(run.source.batchesPerEpoch)"
    case "weights" where words.count == 2:
        guard let model = characters?.trainer.model else { return "error: no model" }
        try Safetensors.write(model.parameters.map { ($0.name, $0.value) }, to: words[1])
        return "ok"
    case "steps" where words.count == 2:
        guard let count = Int(words[1]) else { return "error: no number" }
        if characters != nil { return try steps(count) { [try characters!.step()] } }
        guard forecast != nil else { return "error: no model" }
        return try steps(count) { try forecast!.step() }
    case "forecast" where words.count == 2 || words.count == 3:
        let run = try ForecastBenchmark(csv: words[1], dropout: words.count > 2 ? Double(words[2]) : nil)
        forecast = run
        return "\(run.stepsPerEpoch)"
    case "plan" where words.count == 3:
        guard let run = forecast, let count = Int(words[2]) else { return "error: no model" }
        try run.write(to: words[1], steps: count)
        return "ok"
    case "profile":
        let profile = characters?.profile ?? forecast?.profile ?? TrainingProfile()
        return JSON.object(profile.json).text()
    case "usage": return "\(ProcessMemory.peakBytes)"
    case "softmax" where words.count == 5:
        guard let N = Int(words[1]), let V = Int(words[2]), let H = Int(words[3]), let limit = Double(words[4]) else {
            return "error: four numbers are needed"
        }
        return softmaxTimes(N, V, H, limit)
    case "peak":
        return "\(BenchmarkPeak.multiplyAdds(threads: ComputePool.threadCount))"
    default: return "error: no command"
    }
}

let arguments = CommandLine.arguments.dropFirst()
ComputePool.threadCount = arguments.first.flatMap { Int($0) } ?? 1
answer("ready \(InstructionSet.current.rawValue)")
for line in arguments.dropFirst() { answer(try perform(line.split(separator: " ").map(String.init))) }
while let line = readLine() { answer(try perform(line.split(separator: " ").map(String.init))) }
