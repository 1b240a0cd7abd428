#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Measures how fast this machine trains and runs recurrent networks, beside what it could do at most.
    struct BenchCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bench",
            abstract: "Measure the speed of recurrent networks on this machine, beside its limits.",
            discussion: """
                First the peaks: multiply-adds alone, and reading from each cache and from memory. Then each shape:

                  GFLOP/s      operations of the matrix products over the median time
                  of floor     the least possible time over the measured: the longer of computing all products at the peak of \
                multiply-adds and of reading the weights of every step from memory of just that size. Both peaks are \
                measured again before each shape.
                  allocations  blocks of the library's memory that a streaming step takes, used ones included, and in \
                parentheses those that had to be new

                Forward is inference with weights that are packed already. A training step is forward and backward, with \
                the gradients of the input and of all weights, without an update. T: time steps, B: sequences in a batch, \
                I: features of the input, H: hidden units.

                  recurrent bench --threads 1
                  recurrent bench --shape 50,64,256,256 --shape 35,20,650,650,2 --train
                  recurrent bench --full --json > speed.json
                """)

        @Flag(help: "All shapes of the speed protocol, and every one of 100,000 streaming steps. Takes minutes.")
        var full = false

        @Option(
            help: ArgumentHelp("A shape of a standard LSTM instead; repeatable.", valueName: "T,B,I,H[,layers]"))
        var shape: [String] = []

        @Flag(help: "Only inference.")
        var forward = false

        @Flag(help: "Only training steps.")
        var train = false

        @Option(
            help: ArgumentHelp("Seconds for each shape and mode. Default: 0.5, with --full 1.", valueName: "seconds"))
        var seconds: Double?

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            if let seconds, !(seconds > 0 && seconds <= 3600) {
                throw RecurrentError(
                    .usage, "\(seconds) seconds; more than 0 and at most 3600 are possible", at: "--seconds")
            }
            guard !full || shape.isEmpty else {
                throw RecurrentError(.usage, "--full has its own shapes; leave --shape out", at: "--shape")
            }
            let points = try shape.isEmpty ? BenchmarkPoint.points(all: full) : shape.map(BenchCommand.point)
            let count = points.reduce(0) { $0 + modes(of: $1).count }
            guard count > 0 else {
                throw RecurrentError(.usage, "a streaming step is no training", at: "--train")
            }

            let progress = reporter()
            let started = Console.now
            if !talk.json { talk.talk("measuring the peaks of this machine") }
            let machine = BenchMachine(seconds: min(0.2, seconds ?? 0.2))
            if !talk.json { try Console.show(machine.text(Console.style(STDOUT_FILENO)) + "\n") }
            var results: [BenchMeasurement] = []
            for point in points {
                // Made once for all modes, and gone before the next one takes its memory.
                var subject: BenchmarkSubject?
                for mode in modes(of: point) {
                    progress.update(
                        ProgressState(
                            label: "\(point.name) \(mode.rawValue)", done: results.count, total: count,
                            elapsed: Console.now - started))
                    let loaded = try subject ?? BenchmarkSubject(point)
                    subject = loaded
                    var result = BenchMeasurement(loaded, mode, seconds: seconds ?? (full ? 1 : 0.5))
                    if full, mode == .step { result.addLatencies(loaded, count: 100_000) }
                    results.append(result)
                }
            }
            progress.clear()
            if talk.json {
                let object: JSON = [
                    "version": .string(RecurrentCommand.configuration.version), "machine": machine.json,
                    "results": .array(results.map(\.json)),
                ]
                return try Console.show(object.text())
            }
            try Console.show(table(results).text(Console.style(STDOUT_FILENO)))
            let latencies = results.filter { $0.latencies != nil }
            if !latencies.isEmpty {
                try Console.show("\n" + latencyTable(latencies).text(Console.style(STDOUT_FILENO)))
            }
            talk.talk("\(results.count) measurements in \(NumberText.duration(Console.now - started))")
        }

        private func modes(of point: BenchmarkPoint) -> [BenchMode] {
            if point.isStream { return train && !forward ? [] : [.step] }
            if forward == train { return [.forward, .train] }
            return forward ? [.forward] : [.train]
        }

        /// A shape as it is typed.
        static func point(_ text: String) throws(RecurrentError) -> BenchmarkPoint {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            let sizes = parts.compactMap { Int($0) }
            guard sizes.count == parts.count, (4...5).contains(sizes.count) else {
                throw RecurrentError(
                    .usage, "'\(text)' is no shape", at: "--shape",
                    help: "give time steps, batch, input size, hidden size and, if wanted, layers: 50,64,256,256 or "
                        + "35,20,650,650,2")
            }
            let point = BenchmarkPoint(
                "shape", steps: sizes[0], batch: sizes[1], input: sizes[2], hidden: sizes[3],
                layers: sizes.count == 5 ? sizes[4] : 1)
            try point.validate("--shape")
            return point
        }

        private func reporter() -> ProgressReporter {
            let isTerminal = Console.isTerminal(STDERR_FILENO)
            return ProgressReporter(
                output: talk.quiet ? .quiet : isTerminal ? .terminal : .plain, style: Console.style(STDERR_FILENO),
                width: { Console.width }, now: { Console.now }, write: { Console.write($0, to: STDERR_FILENO) })
        }

        // MARK: - Tables

        private func table(_ results: [BenchMeasurement]) -> TextTable {
            var table = TextTable(columns: [
                .left("shape"), .right("T"), .right("B"), .right("I"), .right("H"), .left("what"), .right("time"),
                .right("GFLOP/s"), .right("of floor"), .left("floor"), .right("µs a step"), .right("allocations"),
            ])
            for result in results {
                let point = result.point
                var allocations = ""
                if result.mode == .step, let blocks = result.blocks {
                    allocations = "\(NumberText.compact(blocks.all)) (\(NumberText.compact(blocks.fresh)))"
                }
                table.add(
                    [
                        BenchCommand.title(point), "\(point.steps)", "\(point.batch)", "\(point.input)",
                        "\(point.hidden)", result.mode.rawValue, BenchCommand.time(result.seconds),
                        NumberText.fixed(result.gflops, 0),
                        NumberText.fixed(100 * result.floor / result.seconds, 0) + " %",
                        result.isBoundByReading ? "reading" : "compute",
                        NumberText.fixed(result.microsecondsEachStep, result.microsecondsEachStep < 100 ? 1 : 0),
                        allocations,
                    ].map { TextTable.Cell($0) })
            }
            return table
        }

        private func latencyTable(_ results: [BenchMeasurement]) -> TextTable {
            var table = TextTable(columns: [
                .left("single steps"), .right("steps"), .right("median"), .right("99 %"), .right("99.9 %"),
                .right("longest"),
            ])
            for result in results {
                guard let latencies = result.latencies else { continue }
                let times = [0.5, 0.99, 0.999, 1].map { BenchCommand.time(BenchMeasurement.quantile(latencies, $0)) }
                table.add(([result.point.name, "\(latencies.count)"] + times).map { TextTable.Cell($0) })
            }
            return table
        }

        private static func title(_ point: BenchmarkPoint) -> String {
            var parts = [point.name]
            if point.layers > 1 { parts.append("\(point.layers) layers") }
            if point.directions > 1, point.name != "bidirectional" { parts.append("bidirectional") }
            if point.isRagged, point.name != "ragged" { parts.append("ragged") }
            if let projection = point.projection { parts.append("to \(projection)") }
            if point.variant != .standard, point.name != point.variant.rawValue { parts.append(point.variant.rawValue) }
            return parts.joined(separator: ", ")
        }

        private static func time(_ seconds: Double) -> String {
            switch seconds {
            case ..<1e-4: NumberText.fixed(seconds * 1e6, 1) + " µs"
            case ..<1e-2: NumberText.fixed(seconds * 1e3, 2) + " ms"
            case ..<1: NumberText.fixed(seconds * 1e3, 1) + " ms"
            default: NumberText.fixed(seconds, 2) + " s"
            }
        }
    }
#endif
