#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentTensor
    import RecurrentTraining

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// The terminal: where talk goes, how wide it is, and what it can show.
    enum Console {
        /// Writes a line of talk to standard error.
        static func talk(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

        /// Writes results to standard output.
        ///
        /// - Throws: `RecurrentError` where they cannot be written, as on a full disk. A reader that has gone away wants no
        ///   more, which is no failure.
        static func show(_ text: String, terminator: String = "\n") throws(RecurrentError) {
            let failure = write(text + terminator, to: STDOUT_FILENO)
            guard failure != 0, failure != EPIPE else { return }
            throw RecurrentError(
                .inputOutput, "cannot write: \(String(cString: strerror(failure)).lowercased())", at: "standard output",
                help: failure == ENOSPC ? "free some space, or choose another disk" : nil)
        }

        /// Writes to a descriptor, whole.
        ///
        /// - Returns: 0, or the number of the error that ended the writing.
        @discardableResult
        static func write(_ text: String, to descriptor: Int32) -> Int32 {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let written = bytes.withUnsafeBytes { unsafe in
                    #if canImport(Glibc)
                        Glibc.write(descriptor, unsafe.baseAddress, unsafe.count)
                    #elseif canImport(Musl)
                        Musl.write(descriptor, unsafe.baseAddress, unsafe.count)
                    #else
                        Darwin.write(descriptor, unsafe.baseAddress, unsafe.count)
                    #endif
                }
                if written > 0 { bytes = bytes.dropFirst(written) } else if errno != EINTR { return errno }
            }
            return 0
        }

        /// Opens what the caller closed of the three standard descriptors, lest the next file that is opened becomes
        /// standard output and results are written into it.
        static func openStandardDescriptors() {
            for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
                // Reading a closed standard input stays an error.
                _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDWR)
            }
        }

        /// Ends the program with an error's message and exit code.
        static func fail(_ error: RecurrentError) -> Never {
            talk("recurrent: " + SafeText.lines(error.description))
            exit(with: error.category.exitCode)
        }

        static func exit(with code: Int32) -> Never {
            fflush(nil)
            _exit(code)
        }

        static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 && environment("TERM") != "dumb" }

        static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

        /// The columns of the terminal; 80 where there is none.
        static var width: Int {
            var size = winsize()
            if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
            return environment("COLUMNS").flatMap(Int.init) ?? 80
        }

        /// What a descriptor can show: colours on a terminal unless NO_COLOR is set, Unicode unless the locale is plain C.
        static func style(_ descriptor: Int32) -> TerminalStyle {
            let noColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
            let locale = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? "UTF-8"
            return TerminalStyle(
                colors: isTerminal(descriptor) && !noColor, unicode: locale != "C" && locale != "POSIX")
        }

        /// Seconds from an arbitrary point, never running backwards.
        static var now: Double {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
    }

    /// Turns Ctrl-C and a request to terminate into a stop after the current step; a second one ends at once.
    enum Interruption {
        static let flag = InterruptFlag()

        /// Called when a run begins: before that there is nothing to save, and a signal simply ends the program.
        static func install() {
            _ = flag
            for number in [SIGINT, SIGTERM] {
                signal(number) { _ in
                    if Interruption.flag.isRaised { _exit(130) }
                    Interruption.flag.raise()
                }
            }
        }

        /// What a signal prints after the training, when all is saved and writing the model can be done again.
        nonisolated(unsafe) private static var farewell = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

        /// From now on a signal ends the program at once, with this text.
        static func endAtOnce(saying text: String) {
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
            _ = bytes.initialize(from: text.utf8)
            farewell = UnsafeBufferPointer(bytes)
            for number in [SIGINT, SIGTERM] {
                signal(number) { _ in
                    // Only calls that are safe in a signal handler.
                    _ = write(STDERR_FILENO, Interruption.farewell.baseAddress, Interruption.farewell.count)
                    _exit(130)
                }
            }
        }
    }

    /// Shows a training run: a bar on a terminal, plain lines elsewhere.
    struct ProgressObserver: TrainingObserver {
        let reporter: ProgressReporter
        let started = Console.now

        init(isQuiet: Bool) {
            let isTerminal = Console.isTerminal(STDERR_FILENO)
            reporter = ProgressReporter(
                output: isQuiet ? .quiet : isTerminal ? .terminal : .plain, style: Console.style(STDERR_FILENO),
                width: { Console.width }, now: { Console.now }, write: { Console.write($0, to: STDERR_FILENO) })
        }

        func didStep(_ report: StepReport) {
            reporter.update(state(report))
        }

        func didNote(_ note: String) { reporter.message("note: " + SafeText.terminal(note)) }

        private func state(_ report: StepReport) -> ProgressState {
            let elapsed = Console.now - started
            return ProgressState(
                label: "training", done: report.batch, total: report.batchesPerEpoch, loss: report.loss,
                rate: elapsed > 0 ? Double(report.batch) / elapsed : nil, rateUnit: "steps", elapsed: elapsed)
        }
    }

    extension SafeText {
        /// Text of several lines, each made safe for a terminal.
        static func lines(_ text: String) -> String {
            text.split(separator: "\n", omittingEmptySubsequences: false).map { terminal(String($0)) }
                .joined(separator: "\n")
        }
    }
#endif
