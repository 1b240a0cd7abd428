import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The program `recurrent` as a person runs it: a process of its own with its own folder, input and environment.
struct Program {
    /// How a run ended, and what it said.
    struct Outcome {
        /// The exit code; nil where a signal ended the run.
        var code: Int32?
        /// The number of that signal.
        var signal: Int32?
        var output: String
        var talk: String
        var seconds: Double
        /// The most memory that the run held, in MiB.
        var peakMemory: Int

        /// The bytes of `output` as JSON.
        func json() throws -> JSON { try JSON(parsing: Array(output.utf8), from: "output", category: .badData) }
    }

    /// What stands behind standard input, output and error.
    enum Stream {
        case file(String)
        case closed
        /// What the run writes is read when it has ended; what it reads is empty.
        case usual
    }

    private let process: pid_t
    private let outputPath: String
    private let talkPath: String
    private let started = Program.now

    /// Starts the program.
    init(
        _ arguments: [String], in folder: String, input: Stream = .usual, output: Stream = .usual,
        talk: Stream = .usual, environment: [String: String] = [:]
    ) throws {
        let number = Program.next()
        outputPath = scratch("output-\(number)")
        talkPath = scratch("talk-\(number)")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        func set(_ descriptor: Int32, _ stream: Stream, usual: String) {
            switch stream {
            case .closed: posix_spawn_file_actions_addclose(&actions, descriptor)
            case .file(let path): open(descriptor, path)
            case .usual: open(descriptor, usual)
            }
        }
        func open(_ descriptor: Int32, _ path: String) {
            let flags = descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT
            posix_spawn_file_actions_addopen(&actions, descriptor, path, flags, 0o600)
        }
        set(STDIN_FILENO, input, usual: "/dev/null")
        set(STDOUT_FILENO, output, usual: outputPath)
        set(STDERR_FILENO, talk, usual: talkPath)
        // Signals that the test runner ignores would be ignored by the program too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))

        var variables = ["LANG": "C.UTF-8", "TERM": "xterm", "SWIFT_BACKTRACE": "enable=no"]
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            variables[name] = getenv(name).map { String(cString: $0) }
        }
        variables.merge(environment) { $1 }
        var words: [UnsafeMutablePointer<CChar>?] =
            // Not every C library can change the folder of a new process.
            (["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, Program.path] + arguments).map { strdup($0) } + [nil]
        var pairs: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + pairs { free(pointer) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, &pairs)
        guard status == 0 else { throw Failure(text: "\(Program.path) cannot be started: error \(status)") }
        self.process = process
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], in folder: String, input: Stream = .usual, output: Stream = .usual,
        talk: Stream = .usual, environment: [String: String] = [:]
    ) throws -> Outcome {
        try Program(arguments, in: folder, input: input, output: output, talk: talk, environment: environment).wait()
    }

    func send(_ signal: Int32) { kill(process, signal) }

    /// Waits until the program has said something, or has ended.
    func waitForTalk(_ text: String) {
        let limit = Program.now + 60
        while Program.now < limit, !Program.text(talkPath).contains(text), !hasEnded { usleep(2000) }
    }

    private var hasEnded: Bool {
        var information = siginfo_t()
        waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return information.si_signo != 0
    }

    func wait() throws -> Outcome {
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(process, &status, 0, &usage) == process else { throw Failure(text: "the program was lost") }
        let seconds = Program.now - started
        defer {
            unlink(outputPath)
            unlink(talkPath)
        }
        let signal = status & 0x7F
        #if canImport(Darwin)
            let memory = usage.ru_maxrss >> 20
        #else
            let memory = usage.ru_maxrss >> 10
        #endif
        return Outcome(
            code: signal == 0 ? status >> 8 & 0xFF : nil, signal: signal == 0 ? nil : signal,
            output: Program.text(outputPath), talk: Program.text(talkPath), seconds: seconds, peakMemory: Int(memory))
    }

    struct Failure: Error { var text: String }

    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func text(_ path: String) -> String {
        guard let bytes = try? FileSystem().read(path, maximumBytes: 1 << 24) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func next() -> Int { Int(counter.add(1)) }

    /// The program that was built with these tests: it stands beside the test bundle, wherever `--scratch-path` is.
    static let path: String = {
        func folder(_ path: String) -> String {
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        }
        let root = folder(folder(folder(#filePath)))
        // On macOS the bundle is a folder that holds the executable three levels down.
        let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }.compactMap { argument in
            argument.firstRange(of: ".xctest").map { String(argument[..<$0.upperBound]) }
        }
        let candidates = bundles.map(folder) + [folder(CommandLine.arguments[0]), root + "/.build/release"]
        for candidate in candidates {
            guard let resolved = realpath((candidate.isEmpty ? "." : candidate) + "/recurrent", nil) else { continue }
            defer { free(resolved) }
            return String(cString: resolved)
        }
        return root + "/.build/release/recurrent"
    }()
}
