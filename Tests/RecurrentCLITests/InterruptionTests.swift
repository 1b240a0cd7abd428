import RecurrentFormats
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProgramTests {
    @Suite struct InterruptionTests {
        private static let run = ["forecast", "sales.csv", "--horizon", "3", "--epochs", "60", "--no-backtest"]

        /// The files of the run that nobody disturbs, and how long it took.
        private static let undisturbed = Result {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let outcome = try Program.run(run + ["--out", "model"], in: place.path)
            guard outcome.code == 0 else { throw Program.Failure(text: outcome.talk) }
            return (bits: try Bits.of(place, "model"), seconds: outcome.seconds)
        }

        /// What must have the same bits.
        struct Bits: Equatable {
            var files: [String: String]

            static func of(_ place: Workplace, _ folder: String) throws -> Bits {
                var files: [String: String] = [:]
                for name in ["config.json", "model.safetensors", "context.csv", "forecast.csv", "forecast.svg"] {
                    files[name] = SHA256.hash(try place.bytes(folder + "/" + name))
                }
                return Bits(files: files)
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func aSignalSavesAndThePrintedLineGoesOnToTheSameBits(_ signal: Int32) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let outcome = try place.stop(
                Self.run + ["--out", "my model's"], writing: "my model's", after: "training", with: [signal])
            #expect(outcome.code == 130)
            #expect(outcome.output == "")
            let lines = outcome.talk.split(separator: "\n").suffix(3).map(String.init)
            #expect(lines[0].hasPrefix("recurrent: stopped after step "))
            #expect(lines[0].hasSuffix(" of 60"))
            #expect(lines[1] == "  why:  the run was saved")
            #expect(lines[2] == "  help: recurrent resume 'my model'\\''s'")

            let notYet = try place.run("info", "my model's")
            #expect(notYet.code == 4)
            #expect(
                notYet.talk == """
                    recurrent: my model's: there is no model yet: the run in this folder has not come to its end
                      help: recurrent resume goes on with it

                    """)

            // The line as a person would copy it.
            let command = lines[2].dropFirst("  help: recurrent".count)
            #expect(Shell.run("'\(Program.path)'\(command) >shown 2>said", in: place.path) == 0)
            let step = lines[0].split(separator: " ")[4]
            #expect(try place.text("said").hasPrefix("Going on after step \(step) of 60\n"))
            #expect(try Bits.of(place, "my model's") == Self.undisturbed.get().bits)
        }

        @Test func aNameWithADashInFrontIsPrintedSoThatItIsNoOption() throws {
            let place = Workplace()
            place.write("-x.csv", Table.months())
            let outcome = try place.stop(
                ["forecast", "--horizon", "3", "--epochs", "60", "--", "-x.csv"], writing: "-x-forecast",
                after: "training")
            #expect(outcome.code == 130)
            #expect(outcome.talk.hasSuffix("  help: recurrent resume ./-x-forecast\n"))
        }

        @Test func aSecondSignalEndsTheRunAtOnceAndTheLastCheckpointIsWhole() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            // Enough for a few checkpoints.
            let outcome = try place.stop(
                Self.run + ["--out", "model", "--save-every", "0"], writing: "model", after: "training",
                seconds: Self.undisturbed.get().seconds / 5, with: [SIGINT, SIGINT])
            #expect(outcome.code == 130)
            let resumed = try place.run("resume", "model", "--json")
            #expect(resumed.code == 0)
            // Nothing was passed over as damaged.
            #expect(!resumed.talk.contains("note:"))
            #expect(try Bits.of(place, "model") == Self.undisturbed.get().bits)
        }

        @Test(arguments: [
            "forecast sales.csv --horizon 3 --epochs 2 --no-backtest",
            "train language sales.csv --epochs 1 --hidden 8", "evolve cart-pole --generations 1",
            "reinforce cart-pole --steps 256",
        ])
        func twoRunsDoNotShareAFolder(_ command: String) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            try FileSystem().makeFolder(place("model/training"))
            let other = try #require(try FileLock.take(place("model/training")))
            let words = command.split(separator: " ").map(String.init)
            let outcome = try Program.run(words + ["--out", "model", "--force"], in: place.path)
            #expect(outcome.code == 2)
            #expect(
                outcome.talk.hasSuffix(
                    """
                    recurrent: model: another process trains in this folder
                      help: wait until it ends, stop it, or choose another --out

                    """))
            #expect(try FileSystem().names(in: place("model/training")).isEmpty)
            withExtendedLifetime(other) {}
        }

        @Test func aRunThatIsStillAtWorkIsNotTakenUp() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let stopped = try place.stop(Self.run + ["--out", "model"], writing: "model", after: "training")
            #expect(stopped.code == 130)
            var other = try FileLock.take(place("model/training"))
            #expect(other != nil)
            let refused = try place.run("resume", "model")
            #expect(refused.code == 2)
            #expect(refused.talk.hasPrefix("recurrent: model: another process trains in this folder\n"))
            withExtendedLifetime(other) {}
            other = nil
            #expect(try place.run("resume", "model").code == 0)
            #expect(try Bits.of(place, "model") == Self.undisturbed.get().bits)
        }

        /// Before a run has begun there is nothing to save, so that a signal has nothing to wait for.
        @Test func aSignalWhileReadingEndsTheProgram() throws {
            let place = Workplace()
            let pipe = place("pipe")
            try #require(mkfifo(pipe, 0o600) == 0)
            // Open for reading and writing, so that neither end waits for the other.
            let writer = open(pipe, O_RDWR)
            defer { close(writer) }
            let program = try Program(["forecast", "-", "--out", "model"], in: place.path, input: .file(pipe))
            program.waitForTalk("Reading")
            program.send(SIGINT)
            let outcome = try program.wait()
            #expect(outcome.signal == SIGINT)
            #expect(!FileSystem().exists(place("model")))
        }

        /// Ten runs that save all the time, killed at moments spread over the run, each resumed to the end. Every other
        /// one was to replace a model.
        @Test func killedRunsGoOnToTheSameBits() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let (expected, seconds) = try Self.undisturbed.get()
            let older = try Trained.place.get()
            let old = try Bits.of(older, "model")
            var generator = SplitMix(state: 20)
            for kill in 0..<10 {
                let folder = "run\(kill)"
                let replaces = kill % 2 == 1
                if replaces { try place.copy(older("model"), to: folder) }
                let start = Self.run + ["--out", folder, "--save-every", "0.05"] + (replaces ? ["--force"] : [])
                let program = try Program(start, in: place.path)
                usleep(UInt32(Double(generator.next() % 1000) * 1000 * seconds))
                program.send(SIGKILL)
                _ = try program.wait()
                // The old model is whole until the new one is.
                if replaces { #expect(try place.run("info", folder).code == 0) }
                var outcome = try place.run("resume", folder, "--quiet", "--save-every", "0.05")
                let nothingWasBegun = !FileSystem().exists(place(folder + "/training/session.json"))
                if nothingWasBegun {
                    #expect(outcome.code == 4)
                    #expect(outcome.talk.contains("there is no training to go on with"))
                }
                if try nothingWasBegun || (replaces && Bits.of(place, folder) == old) {
                    // The folder blocks no new run.
                    outcome = try Program.run(Self.run + ["--out", folder, "--force", "--quiet"], in: place.path)
                }
                #expect(outcome.code == 0)
                #expect(outcome.talk == "")
                #expect(try Bits.of(place, folder) == expected)
                // No step is told twice, though some were made twice.
                let lines = try JSONLinesFile(place(folder + "/training/metrics.jsonl")).values
                #expect(lines.filter { $0["event"] == "step" }.compactMap { $0["step"]?.intValue } == Array(1...60))
            }
        }
    }
}

/// Numbers that look random and are the same in each run of the tests.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
