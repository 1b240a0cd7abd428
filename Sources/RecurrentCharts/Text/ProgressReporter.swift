import Synchronization

/// Decides when progress is shown, and how; what it shows goes to a closure.
///
/// On a terminal one line is drawn again and again, at most ten times a second. Elsewhere plain lines are written: one for
/// each epoch, and between them at most one in ten seconds.
public final class ProgressReporter: Sendable {
    /// Where the lines go.
    public enum Output: Sendable, Hashable {
        /// A terminal, whose line can be drawn over.
        case terminal
        /// A file or a pipe.
        case plain
        /// Nowhere.
        case quiet
    }

    private let output: Output
    private let style: TerminalStyle
    private let width: @Sendable () -> Int
    private let now: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let drawn = Mutex(Drawn())

    private struct Drawn {
        var last = -Double.infinity
        var bar: String?
    }

    /// Seconds between two drawings on a terminal.
    public static let terminalInterval = 0.1
    /// Seconds between two plain lines within an epoch.
    public static let plainInterval = 10.0

    /// A reporter.
    ///
    /// - Parameters:
    ///   - width: the columns of the terminal, asked for at each drawing, since a window may change.
    ///   - now: seconds from any fixed point, not going back.
    ///   - write: gets the text as it is to be written, line ends included. It is called under a lock: no two calls at once.
    public init(
        output: Output, style: TerminalStyle = .plain, width: @escaping @Sendable () -> Int = { 80 },
        now: @escaping @Sendable () -> Double, write: @escaping @Sendable (String) -> Void
    ) {
        self.output = output
        self.style = style
        self.width = width
        self.now = now
        self.write = write
    }

    /// Tells how far the work is; shown when it is time.
    public func update(_ state: ProgressState) {
        show(state, interval: output == .terminal ? Self.terminalInterval : Self.plainInterval)
    }

    /// Tells that an epoch ended: always one line where lines are plain.
    public func finishEpoch(_ state: ProgressState) {
        show(state, interval: output == .terminal ? Self.terminalInterval : -Double.infinity)
    }

    /// Writes a line of its own, above the bar where there is one.
    public func message(_ text: String) {
        guard output != .quiet else { return }
        drawn.withLock { drawn in
            guard output == .terminal, let bar = drawn.bar else { return write(text + "\n") }
            write("\r\u{1B}[K" + text + "\n" + bar)
        }
    }

    /// Shows the last state for good; the next output begins on a line of its own.
    public func finish(_ state: ProgressState? = nil) {
        drawn.withLock { drawn in
            switch output {
            case .quiet: break
            case .plain:
                if let state { write(ProgressBar.plainLine(state) + "\n") }
            case .terminal:
                if let state {
                    write("\r\u{1B}[K" + line(state) + "\n")
                } else if drawn.bar != nil {
                    write("\n")
                }
            }
            drawn = Drawn()
        }
    }

    /// Takes the bar away, as if there had been none.
    public func clear() {
        drawn.withLock { drawn in
            if output == .terminal, drawn.bar != nil { write("\r\u{1B}[K") }
            drawn = Drawn()
        }
    }

    private func show(_ state: ProgressState, interval: Double) {
        guard output != .quiet else { return }
        drawn.withLock { drawn in
            let time = now()
            guard !(time - drawn.last < interval) else { return }
            drawn.last = time
            if output == .terminal {
                let bar = line(state)
                drawn.bar = bar
                write("\r" + bar + "\u{1B}[K")
            } else {
                write(ProgressBar.plainLine(state) + "\n")
            }
        }
    }

    /// One column stays free: a full last column makes some terminals begin a new line.
    private func line(_ state: ProgressState) -> String {
        ProgressBar.line(state, width: max(1, width() - 1), style: style)
    }
}
