import RecurrentFormats
import RecurrentTensor
import Testing

/// `recurrent bench` and what answers the drivers of the benchmarks. No test here expects a time.
extension ProgramTests {
    @Suite struct BenchTests {
        private static let short = ["bench", "--shape", "3,2,5,7", "--seconds", "0.005", "--threads", "1"]

        @Test func aBenchmarkGivesTheMachineAndEveryMeasurementAsJSON() throws {
            let place = Workplace()
            defer { place.remove() }
            let outcome = try Program.run(Self.short + ["--json", "--quiet"], in: place.path)
            #expect(outcome.code == 0 && outcome.talk.isEmpty)
            let json = JSONCursor(try outcome.json(), source: "output")
            let machine = json["machine"]
            #expect(try machine["instruction_set"].string() == InstructionSet.current.rawValue)
            #expect(try machine["threads"].int() == 1)
            for key in ["one_thread_gflops", "all_threads_gflops"] {
                #expect(try machine["multiply_adds"][key].double() > 0)
            }
            let levels = try machine["reading"].elements()
            #expect(try levels.last?["level"].string() == "DRAM")
            for level in levels {
                for key in ["one_thread_gb_a_second", "all_threads_gb_a_second"] {
                    #expect(try level[key].double() > 0)
                }
            }
            let results = try json["results"].elements()
            #expect(try results.map { try $0["mode"].string() } == ["forward", "train"])
            for result in results {
                let sizes = try ["time_steps", "batch", "input", "hidden", "layers", "directions"].map {
                    try result[$0].int()
                }
                #expect(sizes == [3, 2, 5, 7, 1, 1])
                for key in [
                    "seconds", "seconds_p10", "seconds_p90", "gflops", "floor_seconds", "share_of_floor",
                    "microseconds_a_step", "blocks",
                ] { #expect(try result[key].double() > 0, "\(key)") }
                #expect(["reading", "compute"].contains(try result["floor_is"].string()))
                // In the steady state every block that a pass takes was used before.
                #expect(try result["new_blocks"].double() == 0)
            }
        }

        @Test func aBenchmarkPrintsPeaksAndATable() throws {
            let place = Workplace()
            defer { place.remove() }
            let outcome = try Program.run(Self.short + ["--forward"], in: place.path)
            #expect(outcome.code == 0)
            for text in [
                "1 thread\n", "measured peak", "multiply-adds", "reading L1", "reading DRAM", "GFLOP/s", "of floor",
                "µs a step", "forward",
            ] { #expect(outcome.output.contains(text), "\(text)") }
            #expect(!outcome.output.contains("train"))
            #expect(outcome.talk.hasSuffix(" s\n") && outcome.talk.contains("1 measurements in "))
        }

        static let calls: [BadCall] = [
            BadCall(
                "bench --shape 1,2,3",
                """
                recurrent: --shape: '1,2,3' is no shape
                  help: give time steps, batch, input size, hidden size and, if wanted, layers: 50,64,256,256 or \
                35,20,650,650,2
                """),
            BadCall("bench --shape 0,1,1,1", "recurrent: --shape: T is 0; 1 to 1000000 are possible"),
            BadCall("bench --shape 1,1,1,1,65", "recurrent: --shape: 65 layers; 1 to 64 are possible"),
            BadCall(
                "bench --shape 1000000,1000000,1,1",
                """
                recurrent: --shape: the point needs more than 8 GB
                  why:  states and weights have 9000000000008 numbers
                """),
            BadCall(
                "bench --full --shape 1,1,1,1", "recurrent: --shape: --full has its own shapes; leave --shape out"),
            BadCall(
                "bench --seconds nan", "recurrent: --seconds: nan seconds; more than 0 and at most 3600 are possible"),
            BadCall("bench --threads 0", "recurrent: --threads: 0 threads; 1 to 1024 are possible"),
        ]

        @Test(arguments: calls)
        func aBenchmarkThatCannotBeIsRefused(call: BadCall) throws {
            let place = Workplace()
            defer { place.remove() }
            let outcome = try Program.run(call.arguments, in: place.path)
            #expect(outcome.code == call.code)
            #expect(outcome.talk == call.message + "\n")
            #expect(outcome.output.isEmpty)
        }

        @Test func theWorkerAnswersEveryLineAndGoesOnAfterAnError() throws {
            let place = Workplace()
            place.write(
                "commands",
                """
                time forward 0.001 3
                load a lstm T=2 B=3 I=4 H=5 layers=2 directions=2 ragged
                time forward 0.001 3
                time dance 0.001 3
                time train inf 3
                dump numbers.safetensors
                load a lstm T=2 B=3 I=4 H=0
                repeat product 2 3 4 5
                repeat adam 2 6
                load a lstm T=1 B=1 I=4 H=5 stream
                repeat step 4
                latency 10
                bogus

                """)
            let outcome = try Program.run(
                ["bench-worker", "--threads", "1", "--set", "portable"], in: place.path,
                input: .file(place("commands")))
            #expect(outcome.code == 0 && outcome.talk.isEmpty)
            let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            #expect(lines.count == 15 && lines[0] == "ready portable")
            #expect(lines[1] == "error: time forward 0.001 3: nothing is loaded")
            // 2 · (2 + 2 + 1) steps of gates 20 × (4 + 5), then 20 × (10 + 5), in two directions; R of each, 4 bytes.
            let steps = 2 + (lines[2].hasPrefix("ok ") ? 1 : 0)
            #expect(steps == 3 && lines[2].hasSuffix(" 1600"))
            #expect(lines[3].split(separator: " ").allSatisfy { Double($0).map { $0 > 0 } ?? false })
            #expect(lines[4] == "error: time dance 0.001 3: this is no command")
            #expect(lines[5] == "error: time train inf 3: this is no command")
            #expect(lines[6] == "ok")
            #expect(lines[7].hasPrefix("error: ") && lines[7].contains("H is 0"))
            #expect(lines[8...9] == ["ok", "ok"])
            #expect(lines[11] == "ok" && lines[12].split(separator: " ").count == 4)
            #expect(lines[13] == "error: bogus: this is no command")
            let file = try SafetensorsFile(place("numbers.safetensors"))
            #expect(try file.tensor("y").shape == [2, 3, 10])
            #expect(file.entry("d.weight_hh_l1_reverse") != nil && file.entry("p.weight_hh_l1_reverse") != nil)
        }
    }
}
