import RecurrentFormats
import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProgramTests {
    /// Evolutions of some seconds at most.
    @Suite struct EvolveTests {
        private static let call = [
            "evolve", "double-pole:hide-velocities,time-limit=200", "--generations", "12", "--seed", "3", "--no-proof",
        ]

        private static func bits(_ place: Workplace, _ folder: String) throws -> [String] {
            try ["config.json", "model.safetensors", "fitness.svg", "training/journal.jsonl"].map {
                SHA256.hash(try place.bytes(folder + "/" + $0))
            }
        }

        @Test func anEvolutionLeavesAChampionAJournalAndAPicture() throws {
            let place = Workplace()
            let outcome = try Program.run(
                Self.call + ["--out", "champion", "--json", "--threads", "1"], in: place.path)
            #expect(outcome.code == 0)
            let json = try outcome.json()
            #expect(json["task"]?.stringValue == "evolve")
            #expect(json["generations"]?.intValue == 12)
            #expect(json["evaluations"]?.intValue.map { $0 >= 12 * 4 } ?? false)
            #expect(json["ending"]?.stringValue == "the last generation is done")
            #expect(json["model"]?.stringValue == "champion")
            let journal = try place.text("champion/training/journal.jsonl").split(separator: "\n")
            #expect(journal.count == 12)
            #expect(try place.text("champion/fitness.svg").contains("best of the generation"))

            let other = try Program.run(Self.call + ["--out", "other", "--quiet", "--threads", "2"], in: place.path)
            #expect(other.code == 0)
            #expect(try Self.bits(place, "champion") == Self.bits(place, "other"))

            let watched = try place.run("play", "champion", "--episodes", "2", "--json")
            #expect(watched.code == 0)
            for verb in ["predict", "evaluate"] {
                let sent = try place.run(verb, "champion", "x.csv")
                #expect(sent.code == 2)
                #expect(
                    sent.talk == """
                        recurrent: champion: this model acts in an environment
                          help: recurrent play champion --episodes 100 shows how it does

                        """)
            }
            #expect(try place.run("evolve", "--list").output == place.run("reinforce", "--list").output)
            let told = try place.run("info", "champion")
            #expect(told.code == 0)
            #expect(told.output.hasPrefix("A champion of double-pole:hide-velocities,time-limit=200\n"))

            let again = try Program.run(Self.call + ["--out", "champion", "--quiet"], in: place.path)
            #expect(again.code == 2)
            #expect(again.talk.contains("the folder exists already"))
        }

        @Test func aFileOfOptionsServesEvolutionAndPolicies() throws {
            let place = Workplace()
            place.write("run.toml", "generations = 2\nseed = 1\nout = \"one\"\ntensorboard = false\njson = true\n")
            let evolved = try place.run("evolve", "cart-pole", "--config", "run.toml", "--generations", "3")
            #expect(evolved.code == 0)
            #expect(try evolved.json()["generations"]?.intValue == 3)
            #expect(try evolved.json()["model"]?.stringValue == "one")
            #expect(!FileSystem().exists(place("one/training/events")))
            place.write("run.toml", "steps = 512\nout = \"two\"\ntest-episodes = 3\njson = true\n")
            let learnt = try place.run("reinforce", "cart-pole", "--config=run.toml")
            #expect(learnt.code == 0)
            #expect(try learnt.json()["model"]?.stringValue == "two")
        }

        @Test func anInterruptedEvolutionGoesOnToTheSameBits() throws {
            let place = Workplace()
            let long = Self.call + ["--generations", "60", "--population", "60"]
            let stopped = try place.stop(long + ["--out", "model"], writing: "model", after: "Evolving")
            #expect(stopped.code == 130)
            #expect(stopped.talk.contains("recurrent: stopped after generation "))
            #expect(stopped.talk.hasSuffix("  help: recurrent resume model\n"))
            let resumed = try place.run("resume", "model")
            #expect(resumed.code == 0)
            #expect(resumed.talk.contains("Going on after generation "))
            #expect(try Program.run(long + ["--out", "whole", "--quiet"], in: place.path).code == 0)
            #expect(try Self.bits(place, "model") == Self.bits(place, "whole"))
        }

        @Test func aCommandServesTheWorldAndIsAskedForAgain() throws {
            let place = ReinforceTests.served()
            let call = [
                "evolve", "--command", "sh world.sh", "--population", "6", "--generations", "40", "--threads", "1",
                "--out",
            ]
            let stopped = try place.stop(call + ["model"], writing: "model", after: "generation")
            #expect(stopped.code == 130)
            #expect(
                stopped.talk.hasSuffix("  help: recurrent evolve --resume --out model --command 'sh world.sh'\n"),
                "\(stopped.talk)")
            let alone = try place.run("resume", "model")
            #expect(alone.code == 2)
            #expect(alone.talk.contains("recurrent evolve --resume --out model --command 'PROGRAM ARGUMENTS'"))
            let resumed = try place.run("evolve", "--resume", "--out", "model", "--command", "sh world.sh")
            #expect(resumed.code == 0, "\(resumed.talk)")
            #expect(try Program.run(call + ["whole", "--quiet"], in: place.path).code == 0)
            #expect(try place.bytes("model/model.safetensors") == place.bytes("whole/model.safetensors"))
            #expect(try place.run("play", "model").talk.contains("--command 'PROGRAM ARGUMENTS'"))
            let played = try place.run("play", "model", "--command", "sh world.sh")
            #expect(played.code == 0 && played.output.contains("return    1\n"), "\(played.talk)\(played.output)")
            #expect(try place.run("info", "model").output.hasPrefix("A champion of sh world.sh\n"))
        }

        @Test func wiringThatEvolvesIsDrawn() throws {
            let place = Workplace()
            let outcome = try place.run(
                "evolve", "single-pole:time-limit=100", "--algorithm", "neat", "--nodes", "unit,lstm", "--population",
                "20",
                "--generations", "5", "--out", "champion")
            #expect(outcome.code == 0)
            #expect(try place.text("champion/champion.svg").contains("Champion of single-pole"))
            #expect(try place.text("champion/genome.json").contains("recurrent-genome"))
            #expect(try !FileSystem().names(in: place("champion/training/graphs")).isEmpty)
        }
    }
}
