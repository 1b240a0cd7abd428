#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentNN
    import RecurrentTensor
    import RecurrentTraining

    /// This package's side of the speed protocol and of the regression guard. Not for people.
    ///
    /// Answers one command a line, so that a driver can interleave its rounds with those of a peer:
    ///
    ///     load WORDS                        makes the network of a point; its operations, and bytes of weights a step
    ///     dump PATH                         its numbers, output and gradients as safetensors
    ///     time MODE SECONDS SAMPLES         seconds a pass, so many samples or fewer; MODE: forward, train or step
    ///     latency COUNT                     seconds of single steps: median, 99 %, 99.9 %, longest
    ///     peak · read BYTES                 operations a second of multiply-adds alone · bytes a second
    ///     repeat MODE COUNT                 so many passes and no clock, for counting instructions
    ///     repeat product COUNT M N K · repeat adam COUNT SIZE
    struct BenchWorkerCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bench-worker", abstract: "Serve the benchmarks.", shouldDisplay: false)

        @Option(help: "The instruction set, such as avx2.") var set: String?
        @OptionGroup var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            if let set {
                guard let found = InstructionSet(rawValue: set), InstructionSet.available.contains(found) else {
                    throw RecurrentError(
                        .usage, "this machine has no instruction set '\(set)'", at: "--set",
                        help: "it has: " + InstructionSet.available.map(\.rawValue).joined(separator: ", "))
                }
                InstructionSet.force(found)
            }
            try Console.show("ready \(InstructionSet.current.rawValue)")
            var subject: BenchmarkSubject?
            while let line = readLine() {
                do {
                    try Console.show(answer(line, &subject))
                } catch let error as RecurrentError {
                    let lines = error.description.split(separator: "\n")
                    try Console.show("error: " + lines.joined(separator: " "))
                }
            }
        }

        private func answer(_ line: String, _ subject: inout BenchmarkSubject?) throws -> String {
            let words = line.split(separator: " ").map(String.init)
            func word(_ index: Int) -> String { index < words.count ? words[index] : "" }
            func number(_ index: Int) throws -> Int {
                guard let number = Int(word(index)), (1...1_000_000_000).contains(number) else { throw bad(line) }
                return number
            }
            func loaded() throws -> BenchmarkSubject {
                guard let subject else { throw RecurrentError(.usage, "nothing is loaded", at: line) }
                return subject
            }
            func mode(_ index: Int) throws -> BenchMode {
                guard let mode = BenchMode(rawValue: word(index)) else { throw bad(line) }
                return mode
            }
            let threads = ComputePool.threadCount
            switch word(0) {
            case "load":
                subject = nil
                MemoryCache.shared.drain()
                let point = try BenchmarkPoint(words.dropFirst().joined(separator: " "))
                subject = try BenchmarkSubject(point)
                return "ok \(point.operations) \(Int(point.bytesEachStep))"
            case "dump":
                try Safetensors.write(loaded().record(), to: word(1))
                return "ok"
            case "time":
                guard let limit = Double(word(2)), limit > 0, limit < 1e6 else { throw bad(line) }
                let times = try time(loaded(), mode(1), limit: limit, samples: number(3))
                return times.map(\.description).joined(separator: " ")
            case "latency":
                let (subject, count) = try (loaded(), number(1))
                var measurement = BenchMeasurement(subject, .step, seconds: 0.2)
                measurement.addLatencies(subject, count: count)
                let times = measurement.latencies ?? []
                return [0.5, 0.99, 0.999, 1].map { BenchMeasurement.quantile(times, $0).description }
                    .joined(separator: " ")
            case "peak": return MachinePeaks.multiplyAdds(threads: threads).description
            case "read": return try MachinePeaks.reads(of: number(1), threads: threads).description
            case "repeat": return try again(words, subject, count: number(2)) { try number($0) }
            default: throw bad(line)
            }
        }

        private func bad(_ line: String) -> RecurrentError { RecurrentError(.usage, "this is no command", at: line) }

        private func time(
            _ subject: BenchmarkSubject, _ mode: BenchMode, limit: Double, samples: Int
        ) -> [Double] {
            func timed(_ passes: Int) -> Double {
                let start = MonotonicClock.seconds()
                for _ in 0..<passes { mode.run(subject) }
                return MonotonicClock.seconds() - start
            }
            let start = MonotonicClock.seconds()
            let first = timed(1)
            let passes = max(1, Int(limit / Double(samples) / max(first, 1e-7)))
            var times = passes == 1 ? [first] : []
            while times.isEmpty || MonotonicClock.seconds() - start < limit {
                times.append(timed(passes) / Double(passes))
            }
            return times
        }

        private func again(
            _ words: [String], _ subject: BenchmarkSubject?, count: Int, _ number: (Int) throws -> Int
        ) throws -> String {
            switch words.count > 1 ? words[1] : "" {
            case "product":
                let (rows, columns, depth) = try (number(3), number(4), number(5))
                let a = [Float](repeating: 0.5, count: rows * depth)
                let b = [Float](repeating: 0.25, count: depth * columns)
                var c = [Float](repeating: 0, count: rows * columns)
                let product = MatrixProduct(rows: rows, columns: columns, depth: depth)
                for _ in 0..<count { c.withUnsafeMutableBufferPointer { multiply(product, a, b, $0) } }
            case "adam":
                var model = Linear(inputSize: try number(3), outputSize: 64, key: RandomKey(seed: 1))
                var adam = Adam(learningRate: 1e-3)
                let parameters = model.parameters
                let gradients = Gradients(names: parameters.map(\.name), tensors: parameters.map(\.value))
                for _ in 0..<count { adam.update(&model, along: gradients) }
            case let name:
                guard let mode = BenchMode(rawValue: name), let subject else { throw bad(words.joined(separator: " ")) }
                for _ in 0..<count { mode.run(subject) }
            }
            return "ok"
        }

        private func multiply(
            _ product: MatrixProduct, _ a: [Float], _ b: [Float], _ c: UnsafeMutableBufferPointer<Float>
        ) {
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    product(a, b, c)
                }
            }
        }
    }
#endif
