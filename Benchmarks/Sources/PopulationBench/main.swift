// A population of LSTM policies, each with weights of its own, in closed loops on one thread: every member sees 8 numbers, answers
// one, and what it sees next depends on its answer. Answers one command a line, so that `population.py` can interleave its rounds
// with those of a peer:
//
//     run MEMBERS STEPS PATH -> seconds that all took; the last answer of each member as raw float32 in PATH

import LineProtocol
import Recurrent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

let (inputs, hidden) = (8, 32)

func run(_ members: Int, _ steps: Int, _ path: String) throws -> String {
    let network = try EvolvedNetwork(
        NetworkShape(cell: "lstm", hiddenSize: hidden, hasBias: true, readout: .linear), inputSize: inputs,
        outputSize: 1)
    let count = network.geneCount
    let genes = numbers(members * count, salt: 0, scale: 0.3).map { Double($0) }
    let responder = NetworkResponder(network)
    guard responder.isFast else { return "error: no fused step" }
    var last = [Float](repeating: 0, count: members)
    var observation = [Double](repeating: 0, count: inputs)
    var own = [0.0]
    let began = seconds()
    for member in 0..<members {
        responder.load(Array(genes[member * count..<(member + 1) * count]))
        for k in 0..<inputs { observation[k] = 1 }
        for _ in 0..<steps {
            observation.withUnsafeBufferPointer { responder.respond(to: $0, into: &own) }
            for k in 0..<inputs { observation[k] = 0.9 * observation[k] + 0.1 * own[0] }
        }
        last[member] = Float(own[0])
    }
    let time = seconds() - began
    guard let file = fopen(path, "wb") else { return "error: \(path) cannot be written" }
    last.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
    fclose(file)
    return "\(time)"
}

ComputePool.threadCount = 1
answer("ready \(InstructionSet.current.rawValue)")
while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 4, words[0] == "run", let members = Int(words[1]), let steps = Int(words[2]), members > 0,
        steps > 0
    else {
        answer("error: \(line)")
        continue
    }
    do { answer(try run(members, steps, words[3])) } catch { answer("error: \(error)") }
}
