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
    /// Policies as a person learns and watches them.
    @Suite struct ReinforceTests {
        private static let small = [
            "reinforce", "cart-pole", "--hide-velocities", "--hidden", "8", "--head", "0", "--environments", "4",
            "--horizon", "50", "--judgements", "2", "--judged-episodes", "4", "--test-episodes", "4",
        ]

        @Test func aPolicyIsLearnedToldAndWatched() throws {
            let place = Workplace()
            let learned = try Program.run(Self.small + ["--steps", "1000", "--out", "model", "--json"], in: place.path)
            #expect(learned.code == 0, "\(learned.talk)")
            let json = try learned.json()
            #expect(json["task"]?.stringValue == "reinforce" && json["steps"]?.intValue == 1000)
            #expect(json["environment"]?.stringValue == "cart-pole:hide-velocities")
            #expect(json["test"]?["episodes"]?.intValue == 4)
            #expect(learned.talk.contains("judged after 1,000 steps"))

            let told = try place.run("info", "model")
            #expect(told.output.hasPrefix("A policy for cart-pole:hide-velocities\n"), "\(told.output)")
            let watched = try place.run("play", "model", "--plot", "film.svg", "--live")
            #expect(watched.code == 0, "\(watched.talk)")
            #expect(watched.output.contains("return    ") && watched.output.contains("film      film.svg"))
            let film = String(decoding: try place.bytes("film.svg"), as: UTF8.self)
            #expect(film.contains("<animate ") && film.contains("cart-pole:hide-velocities"))
            let judged = try place.run("play", "model", "--episodes", "30", "--seed", "7", "--json")
            #expect(try judged.json()["figures"]?["episodes"]?.intValue == 30)
            #expect(try place.run("play", "model", "--episodes", "30", "--seed", "7", "--json").output == judged.output)
            let other = try place.run("play", "model", "pendulum")
            #expect(other.code == 3 && other.talk.contains("the policy does not fit the environment"))
        }

        @Test func aSignalSavesAndThePrintedLineGoesOnToTheSameBits() throws {
            let whole = Workplace()
            let words = Self.small + ["--steps", "30000", "--out", "model"]
            #expect(try Program.run(words, in: whole.path).code == 0)

            let place = Workplace()
            let stopped = try place.stop(words, writing: "model", after: "learning")
            #expect(stopped.code == 130 && stopped.talk.contains("recurrent resume model"), "\(stopped.talk)")
            let resumed = try place.run("resume", "model", "--threads", "1")
            #expect(resumed.code == 0, "\(resumed.talk)")
            for file in ["model/model.safetensors", "model/config.json"] {
                #expect(try place.bytes(file) == whole.bytes(file), "\(file)")
            }
        }

        /// A folder with a world in a few lines of shell: an episode of one step.
        static func served() -> Workplace {
            let place = Workplace()
            place.write(
                "world.sh",
                """
                say() { printf '%s\\n' "$1"; }
                space='{"type": "discrete", "count": 2}'
                while read -r line; do
                  case "$line" in
                    *make*) say "{\\"observation_space\\": {\\"type\\": \\"box\\", \\"low\\": [0], \\"high\\": [1]}, \
                \\"action_space\\": $space}";;
                    *reset*) say '{"observations": [[0]]}';;
                    *step*) say '{"observations": [[1]], "rewards": [1], "terminated": [true], "truncated": [false]}';;
                  esac
                done
                """)
            return place
        }

        @Test func aCommandServesTheWorldAndIsAskedForAgain() throws {
            let place = Self.served()
            let learned = try place.run(
                "reinforce", "--command", "sh world.sh", "--out", "model", "--steps", "20", "--environments", "1",
                "--horizon", "10", "--judgements", "0", "--test-episodes", "1", "--hidden", "4", "--threads", "1")
            #expect(learned.code == 0, "\(learned.talk)")
            let alone = try place.run("play", "model")
            #expect(alone.code == 2 && alone.talk.contains("--command 'PROGRAM ARGUMENTS'"), "\(alone.talk)")
            let given = try place.run("play", "model", "--command", "sh world.sh")
            #expect(given.code == 0 && given.output == "return    1\nlength    1 steps\n", "\(given.talk)")
            #expect(try place.run("info", "model").output.hasPrefix("A policy for sh world.sh\n"))
        }

        @Test(arguments: [
            ("reinforce --out m", "there is no environment"),
            ("reinforce cart-poll --out m", "did you mean \"cart-pole\"?"),
            ("reinforce t-maze:coridor=3 --out m", "did you mean \"corridor\"?"),
            ("reinforce t-maze:corridor=0 --out m", "'0' is no whole number from 1 to 1000000"),
            ("reinforce t-maze --hide-velocities --out m", "has no option 'hide-velocities'"),
            ("reinforce cart-pole --cell lstn --out m", "--cell: there is no cell 'lstn'"),
            ("reinforce cart-pole --algorithm pppo --out m", "did you mean \"ppo\"?"),
            ("reinforce cart-pole --algorithm a2c --clip 0.1 --out m", "this concerns ppo, not a2c"),
            ("reinforce cart-pole --algorithm reinforce --horizon 9 --out m", "give --episodes instead"),
            ("reinforce cart-pole --discount 2 --out m", "--discount: 2.0 is out of range"),
            ("reinforce cart-pole --cell gru --longest-lag 9 --out m", "choose a cell of the LSTM family"),
            ("reinforce cart-pole", "the model needs a folder"),
            ("reinforce gym:os:system --out m", "is no name of a world of Gymnasium"),
            ("reinforce cart-pole --command x --out m", "are given both"),
            ("play nowhere", "nowhere"),
        ])
        func whatCannotBeIsSaid(_ words: String, _ text: String) throws {
            // The folder is there for as long as this value.
            let place = Workplace()
            let outcome = try Program.run(words.split(separator: " ").map(String.init), in: place.path)
            defer { place.remove() }
            #expect(outcome.code != 0 && outcome.signal == nil)
            #expect(outcome.talk.contains(text), "\(outcome.talk)")
        }

        @Test func theEnvironmentsAreListed() throws {
            let outcome = try Workplace().run("reinforce", "--list")
            #expect(outcome.code == 0 && outcome.output.contains("t-maze\n") && outcome.output.contains("corridor"))
        }
    }
}
