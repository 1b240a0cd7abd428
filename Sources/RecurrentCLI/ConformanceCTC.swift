#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentAutodiff
    import RecurrentData
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTasks
    import RecurrentTensor
    import RecurrentTraining

    /// Losses of temporal classification with their gradients: cases `0.logits`, `0.lengths`, `0.targets`,
    /// `0.target_lengths`, `0.blank`, `1.logits`, … of a file.
    struct LabellingLosses: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ctc")

        @Argument var input: String
        @Argument var output: String

        func run() throws {
            let file = try SafetensorsFile(input)
            var results: [(name: String, tensor: Tensor)] = []
            var number = 0
            while file.entry("\(number).logits") != nil {
                func ints(_ name: String) throws -> [Int32] {
                    try file.tensor("\(number).\(name)").scalars(of: Int32.self)
                }
                let flat = try ints("targets")
                var first = 0
                let targets = try ints("target_lengths").map { count in
                    defer { first += Int(count) }
                    return Array(flat[first..<first + Int(count)])
                }
                let tape = Tape()
                let logits = tape.variable(try file.tensor("\(number).logits"))
                let loss = ctcLoss(
                    logits, targets: targets, lengths: try ints("lengths").map { Int($0) },
                    blank: Int(try ints("blank")[0]), reduction: .none, zeroesInfinity: true)
                results.append(("\(number).loss", loss.value))
                if let gradient = tape.gradients(of: loss.sum(), for: [logits])[0] {
                    results.append(("\(number).gradient", gradient))
                }
                number += 1
            }
            try Safetensors.write(results, to: output)
        }
    }

    /// A worker that times the loss with its gradient: each line of standard input is a number of rounds, answered with the
    /// seconds of a round and the peak of the memory in bytes.
    struct TimeLabellingLosses: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ctc-time")

        @Argument var timeSteps: Int
        @Argument var labels: Int
        @Argument var classes: Int
        @Argument var batch: Int

        func run() throws {
            let logits = Tensor(
                normal: 0, deviation: 1, shape: [timeSteps, batch, classes], of: .float32, key: RandomKey(seed: 1))
            var random = RandomStream(RandomKey(seed: 2))
            let targets = (0..<batch).map { _ in (0..<labels).map { _ in Int32(1 + random.below(classes - 1)) } }
            try Console.show("ready \(ProcessMemory.peakBytes)")
            while let line = readLine(), let rounds = Int(line), rounds > 0 {
                let began = Console.now
                for _ in 0..<rounds {
                    let tape = Tape()
                    let x = tape.variable(logits)
                    _ = tape.gradients(of: ctcLoss(x, targets: targets, reduction: .sum), for: [x])
                }
                let seconds = (Console.now - began) / Double(rounds)
                try Console.show("\(seconds) \(ProcessMemory.peakBytes)")
            }
        }
    }

    /// Word and character error rates of texts: each line of a list holds `said` and `reference`.
    struct ScoredTranscriptions: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "transcriptions")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                var report = TranscriptionReport()
                for (said, reference) in zip(try json["said"].strings(), try json["reference"].strings()) {
                    report.add(said, reference: reference)
                }
                return report.json
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }
    }
#endif
