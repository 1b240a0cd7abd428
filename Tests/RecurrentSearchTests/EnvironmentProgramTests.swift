import RecurrentFormats
import RecurrentSearch
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Worlds in another program: a few lines of shell, good and bad.
@Suite struct EnvironmentProgramTests {
    private static let made = """
        {"observation_space": {"type": "box", "low": [null], "high": [null]}, "action_space": \
        {"type": "discrete", "count": 2}, "time_limit": 5}
        """

    /// A program that answers each kind of request with a line of shell.
    private static func program(
        make: String = "say '\(made)'", reset: String = "say '{\"observations\": [[0]]}'",
        step: String =
            "say '{\"observations\": [[1]], \"rewards\": [1], \"terminated\": [false], \"truncated\": [false]}'",
        timeout: Double = 20
    ) throws -> EnvironmentProgram {
        let folder = temporaryFolder()
        let script = """
            say() { printf '%s\\n' "$1"; }
            while read -r line; do
              case "$line" in
                *make*) \(make);;
                *reset*) \(reset);;
                *step*) \(step);;
              esac
            done
            """
        try FileSystem().write(script, to: folder + "/world.sh")
        return try EnvironmentProgram(command: "sh '\(folder)/world.sh' '\(folder)'", timeout: timeout)
    }

    private func play(_ program: EnvironmentProgram, steps: Int = 3) throws -> [Double] {
        var world = try EnvironmentSource.program(program).environment()
        var seen = try world.reset(seed: 1)
        var trace = seen
        for _ in 0..<steps {
            let transition = try world.step([1], into: &seen)
            trace += [seen[0], transition.reward]
        }
        return trace
    }

    @Test func aProgramServesAWorld() throws {
        let program = try Self.program()
        #expect(try play(program) == [0, 1, 1, 1, 1, 1, 1])
        let world = try EnvironmentSource.program(program).environment()
        #expect(world.actionSpace == .discrete(2) && world.timeLimit == 5)
    }

    @Test func aProgramThatDiesOnceIsStartedAgainAndItsEpisodeDoneAgain() throws {
        // It counts the steps since its reset, and dies once, at the third.
        let program = try Self.program(
            reset: "n=0; say '{\"observations\": [[0]]}'",
            step: """
                n=$((n + 1)); if [ $n = 3 ] && [ ! -e "$1/died" ]; then : > "$1/died"; exit 3; fi
                say "{\\"observations\\": [[$n]], \\"rewards\\": [$n], \\"terminated\\": [false], \\"truncated\\": [false]}"
                """)
        #expect(try play(program, steps: 4) == [0, 1, 1, 2, 2, 3, 3, 4, 4])
    }

    /// Counts the steps since its reset; each process writes its number into the folder.
    private static func counting() throws -> EnvironmentProgram {
        try program(
            make: ": > \"$1/process-$$\"; say '\(made)'", reset: "n=0; say '{\"observations\": [[0]]}'",
            step: """
                n=$((n + 1)); end=false; if [ $n = 5 ]; then end=true; fi
                say "{\\"observations\\": [[$n]], \\"rewards\\": [$n], \\"terminated\\": [false], \\"truncated\\": [$end]}"
                """)
    }

    @Test func copiesActInEpisodesOfTheirOwnFromTheirNextReset() throws {
        let first = try EnvironmentSource.program(Self.counting()).environment()
        var (one, other) = (first, first)
        var seen = try one.reset(seed: 1)
        for count in 1...3 { #expect(try one.step([1], into: &seen).reward == Double(count)) }
        #expect(try other.reset(seed: 1) == [0])
        for count in 1...5 { #expect(try other.step([0], into: &seen).reward == Double(count)) }
        #expect(try one.step([1], into: &seen).reward == 4 && seen == [4])
        var third = one
        #expect(try third.reset(seed: 2) == [0])
        #expect(try one.step([1], into: &seen).isTruncated)
    }

    @Test func membersEvolveInAnotherProgramAndProcessesAreUsedAgain() throws {
        let program = try Self.counting()
        let folder = String(program.name.split(separator: "'")[3])
        func evolve(_ threads: Int) throws -> [Double] {
            let before = ComputePool.threadCount
            ComputePool.threadCount = threads
            defer { ComputePool.threadCount = before }
            var recipe = EvolutionRecipe(.program(program))
            (recipe.population, recipe.generations, recipe.judgedEpisodes) = (12, 2, 3)
            var session = try EvolutionSession(recipe)
            while session.ending == nil { #expect(try session.step().best == 15) }
            guard case .network(let network) = try session.champion().policy.body else { return [] }
            return network.genes
        }
        let genes = try evolve(1)
        #expect(try genes == evolve(2) && !genes.isEmpty)
        // One for each thread of the two evolutions, not one for each of 12 members of 2 generations.
        let processes = try FileSystem().names(in: folder).count { $0.hasPrefix("process-") }
        #expect(processes <= 4, "\(processes) processes")
    }

    @Test func whatIsNoNumberIsNotShownToANetwork() throws {
        let program = try Self.program(
            step: """
                say '{"observations": [[null]], "rewards": [1], "terminated": [false], "truncated": [false]}'
                """)
        var session = try EvolutionSession(EvolutionRecipe(.program(program)))
        let failure = #expect(throws: RecurrentError.self) { try session.step() }
        #expect(failure?.why?.contains("a number that is not finite") == true, "\(failure?.description ?? "")")
    }

    @Test func aProgramThatKeepsDyingIsNamedWithItsCode() throws {
        let error = #expect(throws: RecurrentError.self) { try self.play(Self.program(step: "exit 3")) }
        #expect(error?.what.hasSuffix("it ended with code 3") == true, "\(error?.description ?? "")")
        let early = #expect(throws: RecurrentError.self) { try self.play(Self.program(make: "kill -9 $$")) }
        #expect(early?.what.hasSuffix("it was ended by signal 9") == true, "\(early?.description ?? "")")
    }

    @Test(.timeLimit(.minutes(5))) func aProgramThatHangsIsGivenUpInTime() throws {
        let error = #expect(throws: RecurrentError.self) {
            try self.play(Self.program(step: "sleep 600", timeout: 0.3))
        }
        #expect(error?.what == "the environment's program did not answer within 0.3 seconds")
        #expect(error?.help == "allow it more: --timeout SECONDS")
    }

    @Test(arguments: [
        "echo hello", "say '{\"observations\": [[1, 2]]}'", "say '{}'", "say '[1'",
        "say '{\"error\": \"no such thing\"}'",
        "say '{\"observations\": [[\"a\"]], \"rewards\": [1], \"terminated\": [false], \"truncated\": [false]}'",
        "say '{\"observations\": [[1]], \"rewards\": [1, 2], \"terminated\": [false], \"truncated\": [false]}'",
        "say '{\"observations\": [[1]], \"rewards\": [1], \"terminated\": [7], \"truncated\": [false]}'",
        "printf '\\377\\376\\n'",
    ])
    func anAnswerThatIsNoneIsAnError(_ step: String) throws {
        let error = #expect(throws: RecurrentError.self) { try self.play(Self.program(step: step)) }
        #expect(error?.category == .badData)
        if step == "echo hello" {
            #expect(error?.what == "the environment's program answers with something that is no JSON: 'hello'")
        }
    }

    @Test func whatIsNotFiniteComesAsNaN() throws {
        let program = try Self.program(
            step:
                "say '{\"observations\": [[null]], \"rewards\": [null], \"terminated\": [true], \"truncated\": [false]}'"
        )
        let trace = try play(program, steps: 1)
        #expect(trace[1].isNaN && trace[2].isNaN)
    }

    @Test(arguments: [
        "{\"observation_space\": {\"type\": \"box\", \"low\": [0], \"high\": []}, \"action_space\": {\"type\": \"discrete\", \"count\": 2}}",
        "{\"observation_space\": {\"type\": \"text\"}, \"action_space\": {\"type\": \"discrete\", \"count\": 2}}",
        "{\"observation_space\": {\"type\": \"discrete\", \"count\": 0}, \"action_space\": {\"type\": \"discrete\", \"count\": 2}}",
    ])
    func spacesThatAreNoneAreErrors(_ answer: String) throws {
        let error = #expect(throws: RecurrentError.self) { try self.play(Self.program(make: "say '\(answer)'")) }
        #expect(error?.category == .badData)
    }

    /// Neither side may wait for the other where both have more to say than fits between them.
    @Test func longLinesInBothDirectionsDoNotBlock() throws {
        let child = try ChildProcess(["/bin/cat"])
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        #expect(try child.answer(to: line, within: 60) == line)
    }

    @Test func aProgramThatIsNotThereIsNamed() throws {
        #expect(throws: RecurrentError.self) { try EnvironmentProgram(command: "  ") }
        #expect(throws: RecurrentError.self) { try EnvironmentProgram(gymnasium: "os:system") }
        let error = #expect(throws: RecurrentError.self) {
            try self.play(EnvironmentProgram(command: "/no/such/program", timeout: 5))
        }
        #expect(error?.what.contains("it ended with code 127") == true || error?.what.contains("126") == true)
    }

    /// A model folder is data: a command in it is never run.
    @Test func aCommandIsNotReadFromAFile() throws {
        let source = EnvironmentSource.program(try EnvironmentProgram(command: "touch never"))
        let stored = try EnvironmentSource(JSONCursor(source.json))
        #expect(stored.name == "touch never" && stored.json == source.json)
        for open in [{ _ = try stored.environment() }, { _ = try stored.batch(2) }] as [() throws -> Void] {
            let error = #expect(throws: RecurrentError.self) { try open() }
            #expect(error?.help == "give it again: --command 'PROGRAM ARGUMENTS'")
        }
        #expect(!FileSystem().exists("never"))
    }

    @Test func theBridgeInTheProgramIsTheOneOfTheExamples() throws {
        let path = Fixtures.path("../../../Examples/gymnasium/bridge.py")
        let text = String(decoding: try FileSystem().read(path), as: UTF8.self)
        #expect(text == EnvironmentProgram.bridge)
    }
}
