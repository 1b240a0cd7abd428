#if CLI
    import Recurrent
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// This program once more, as a process of its own: what ends it ends nothing else.
    struct ChildProcess {
        /// How a process ended.
        enum End: Equatable {
            case code(Int32)
            case signal(Int32)
        }

        private let process: pid_t
        /// What it said.
        let log: String

        /// Starts the program with some arguments; what it says goes into a file.
        ///
        /// It stands in a process group of its own, so that Ctrl-C reaches its parent alone, which asks it to stop once.
        init(_ arguments: [String], log: String) throws {
            self.log = log
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(
                &actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o666)
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            posix_spawnattr_setpgroup(&attributes, 0)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
            var words: [UnsafeMutablePointer<CChar>?] =
                ([CommandLine.arguments.first ?? "recurrent"] + arguments).map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var process: pid_t = 0
            let status = posix_spawn(&process, try Self.program(), &actions, &attributes, &words, environ)
            guard status == 0 else {
                throw RecurrentError(
                    .failure, "a second process cannot be started", why: String(cString: strerror(status)).lowercased())
            }
            self.process = process
        }

        /// How it ended; nil while it runs.
        func ended() -> End? {
            var status: Int32 = 0
            let found = waitpid(process, &status, WNOHANG)
            if found == 0 || found < 0 && errno == EINTR { return nil }
            // Nobody else waits for it: whatever else is said, it is gone.
            guard found == process else { return .code(1) }
            let signal = status & 0x7F
            return signal == 0 ? .code(status >> 8 & 0xFF) : .signal(signal)
        }

        func send(_ signal: Int32) { _ = kill(process, signal) }

        /// The file of this program.
        private static func program() throws -> String {
            #if os(Linux)
                return "/proc/self/exe"
            #else
                var size: UInt32 = 4096
                var path = [CChar](repeating: 0, count: Int(size))
                guard _NSGetExecutablePath(&path, &size) == 0 else {
                    throw RecurrentError(.failure, "this program does not know its own file")
                }
                return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #endif
        }
    }
#endif
