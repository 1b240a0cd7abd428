#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// The machine of a benchmark and what it reaches at most.
    struct BenchMachine {
        let processor: String
        let threads: Int
        /// The load when the benchmark began: with other work on the machine its figures say little.
        let load: Double
        /// Operations a second of one thread and of all.
        private(set) var multiplyAdds = (one: 0.0, all: 0.0)
        /// Bytes a second that one thread and all read.
        private(set) var reads: [(level: MachinePeaks.Level, one: Double, all: Double)] = []

        /// Measures the peaks, so long each.
        init(seconds: Double) {
            processor = BenchMachine.processorName()
            threads = ComputePool.threadCount
            load = BenchMachine.currentLoad()
            func both(_ measure: (_ threads: Int) -> Double) -> (one: Double, all: Double) {
                let one = measure(1)
                return (one, threads == 1 ? one : measure(threads))
            }
            multiplyAdds = both { MachinePeaks.multiplyAdds(threads: $0, seconds: seconds) }
            for (alone, shared) in zip(MachinePeaks.levels(threads: 1), MachinePeaks.levels(threads: threads)) {
                let rates = both { count in
                    let bytes = count == 1 ? alone.probe : shared.probe
                    return MachinePeaks.reads(of: bytes, threads: count, seconds: seconds / 2)
                }
                reads.append((alone, rates.one, rates.all))
            }
        }

        /// The load of the machine over the last minute; 0 where the system does not tell.
        static func currentLoad() -> Double {
            var loads = [0.0]
            return getloadavg(&loads, 1) == 1 ? loads[0] : 0
        }

        private static func processorName() -> String {
            guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown processor" }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
                return text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            return "unknown processor"
        }

        /// What a person reads.
        func text(_ style: TerminalStyle) -> String {
            var head = "\(processor), \(InstructionSet.current.rawValue), \(threads) thread\(threads == 1 ? "" : "s")"
            if load > 0.3 * Double(ThreadPool.availableProcessors) {
                head +=
                    "\nThe machine has other work (load \(NumberText.fixed(load, 1))): times are longer than they would be."
            }
            var columns: [TextTable.Column] = [.left("measured peak"), .right("one thread")]
            if threads > 1 { columns.append(.right("\(threads) threads")) }
            var table = TextTable(columns: columns)
            func add(_ name: String, _ one: Double, _ all: Double, _ unit: String) {
                table.add([name, one, all].prefix(columns.count).map { cell(value: $0, unit) })
            }
            add("multiply-adds", multiplyAdds.one, multiplyAdds.all, "GFLOP/s")
            for (level, one, all) in reads {
                add("reading \(level.name)\(size(level.size))", one, all, "GB/s")
            }
            return head + "\n\n" + table.text(style)
        }

        private func cell(value: Any, _ unit: String) -> TextTable.Cell {
            if let number = value as? Double { return TextTable.Cell("\(NumberText.fixed(number / 1e9, 0)) \(unit)") }
            return TextTable.Cell("\(value)")
        }

        private func size(_ bytes: Int) -> String {
            switch bytes {
            case 0: ""
            case ..<(1 << 20): ", \(bytes >> 10) KiB"
            default: ", \(bytes >> 20) MiB"
            }
        }

        var json: JSON {
            let levels = reads.map { read -> JSON in
                [
                    "level": .string(read.level.name), "size_bytes": JSON(read.level.size),
                    "one_thread_gb_a_second": JSON(read.one / 1e9), "all_threads_gb_a_second": JSON(read.all / 1e9),
                ]
            }
            return [
                "processor": .string(processor), "instruction_set": .string(InstructionSet.current.rawValue),
                "threads": JSON(threads), "processors": JSON(ThreadPool.availableProcessors), "load": JSON(load),
                "multiply_adds": [
                    "one_thread_gflops": JSON(multiplyAdds.one / 1e9),
                    "all_threads_gflops": JSON(multiplyAdds.all / 1e9),
                ],
                "reading": .array(levels),
            ]
        }
    }
#endif
