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
        let error = #expect(throws: RecurrentError.self) { try EnvironmentSource(JSONCursor(source.json)) }
        #expect(error?.help == "give it again: --command 'PROGRAM ARGUMENTS'")
    }

    @Test func theBridgeInTheProgramIsTheOneOfTheExamples() throws {
        let path = Fixtures.path("../../../Examples/gymnasium/bridge.py")
        let text = String(decoding: try FileSystem().read(path), as: UTF8.self)
        #expect(text == EnvironmentProgram.bridge)
    }
}
