#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTensor

    /// What is done with the network of a point.
    enum BenchMode: String {
        case forward, train, step

        func run(_ subject: BenchmarkSubject) {
            switch self {
            case .forward: subject.forward()
            case .train: subject.train()
            case .step: subject.step()
            }
        }

        /// Passes over the weights, and operations over those of a forward pass.
        var factors: (reads: Double, operations: Double) { self == .train ? (2, 3) : (1, 1) }
    }

    /// The time of one point in one mode, beside the least that the machine would need for it.
    struct BenchMeasurement {
        let point: BenchmarkPoint
        let mode: BenchMode
        let threads: Int
        /// Seconds a pass, sorted: each the mean of a few passes that follow each other.
        let samples: [Double]
        /// Operations a second of multiply-adds alone, measured just before.
        let multiplyAdds: Double
        /// Bytes a second read from as much memory as the weights of a step take, measured just before.
        let reads: Double
        /// Blocks of the library's memory that a pass takes, and those of them that are new; nil where not counted.
        let blocks: (all: Double, fresh: Double)?
        /// Seconds of single steps one after another, where they were asked for.
        var latencies: [Double]?

        init(_ subject: BenchmarkSubject, _ mode: BenchMode, seconds: Double) {
            (point, self.mode, threads) = (subject.point, mode, ComputePool.threadCount)
            multiplyAdds = MachinePeaks.multiplyAdds(threads: threads, seconds: 0.02)
            reads = MachinePeaks.reads(of: Int(subject.point.bytesEachStep), threads: threads, seconds: 0.02)
            // The first pass finds its memory; what follows is the steady state.
            let first = BenchMeasurement.time(passes: 1, subject, mode)
            var samples: [Double] = []
            var spent = 0.0
            if first < 2 * seconds {
                let passes = max(1, Int(seconds / 20 / max(BenchMeasurement.time(passes: 1, subject, mode), 1e-7)))
                let before = MemoryCache.shared.counts
                repeat {
                    samples.append(BenchMeasurement.time(passes: passes, subject, mode) / Double(passes))
                    spent += samples[samples.count - 1] * Double(passes)
                } while spent < seconds
                let (after, count) = (MemoryCache.shared.counts, Double(passes * samples.count))
                blocks = (
                    Double(after.handedOut - before.handedOut) / count, Double(after.fresh - before.fresh) / count
                )
            } else {
                (samples, blocks) = ([first], nil)
            }
            self.samples = samples.sorted()
        }

        private static func time(passes: Int, _ subject: BenchmarkSubject, _ mode: BenchMode) -> Double {
            let start = MonotonicClock.seconds()
            for _ in 0..<passes { mode.run(subject) }
            return MonotonicClock.seconds() - start
        }

        /// Times single steps, each by itself.
        mutating func addLatencies(_ subject: BenchmarkSubject, count: Int) {
            var times: [Double] = []
            times.reserveCapacity(count)
            var before = MonotonicClock.seconds()
            for _ in 0..<count {
                mode.run(subject)
                let now = MonotonicClock.seconds()
                times.append(now - before)
                before = now
            }
            latencies = times.sorted()
        }

        // MARK: - What follows from it

        var seconds: Double { samples[samples.count / 2] }
        var operations: Double { point.operations * mode.factors.operations }
        var gflops: Double { operations / seconds / 1e9 }

        /// The seconds that the multiply-adds need, and those that reading the weights at every step needs.
        var floors: (compute: Double, reading: Double) {
            let steps = Double(point.steps) * mode.factors.reads
            return (operations / multiplyAdds, steps * point.bytesEachStep / reads)
        }
        var floor: Double { max(floors.compute, floors.reading) }
        var isBoundByReading: Bool { floors.reading > floors.compute }
        var microsecondsEachStep: Double { seconds / Double(point.steps) * 1e6 }

        /// A quantile of sorted numbers.
        static func quantile(_ sorted: [Double], _ share: Double) -> Double {
            sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }

        var json: JSON {
            var object: JSONObject = [
                "name": .string(point.name), "cell": .string(point.cell.rawValue),
                "variant": .string(point.variant.rawValue), "time_steps": JSON(point.steps), "batch": JSON(point.batch),
                "input": JSON(point.input), "hidden": JSON(point.hidden), "layers": JSON(point.layers),
                "directions": JSON(point.directions), "ragged": JSON(point.isRagged),
            ]
            if let projection = point.projection { object["projection"] = JSON(projection) }
            object["mode"] = .string(mode.rawValue)
            object["threads"] = JSON(threads)
            object["seconds"] = JSON(seconds)
            object["seconds_p10"] = JSON(BenchMeasurement.quantile(samples, 0.1))
            object["seconds_p90"] = JSON(BenchMeasurement.quantile(samples, 0.9))
            object["gflops"] = JSON(gflops)
            object["floor_seconds"] = JSON(floor)
            object["floor_is"] = isBoundByReading ? "reading" : "compute"
            object["share_of_floor"] = JSON(floor / seconds)
            object["microseconds_a_step"] = JSON(microsecondsEachStep)
            object["blocks"] = blocks.map { JSON($0.all) } ?? .null
            object["new_blocks"] = blocks.map { JSON($0.fresh) } ?? .null
            if let latencies {
                object["latency"] = [
                    "steps": JSON(latencies.count), "p50": JSON(BenchMeasurement.quantile(latencies, 0.5)),
                    "p99": JSON(BenchMeasurement.quantile(latencies, 0.99)),
                    "p99.9": JSON(BenchMeasurement.quantile(latencies, 0.999)),
                    "maximum": JSON(latencies[latencies.count - 1]),
                ]
            }
            return .object(object)
        }
    }
#endif
