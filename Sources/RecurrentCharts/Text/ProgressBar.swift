/// How far a piece of work is.
public struct ProgressState: Sendable, Hashable {
    /// What is done, such as `epoch 3/20`; may be empty.
    public var label: String
    /// The steps done.
    public var done: Int
    /// The steps in all; 0 where that is not known.
    public var total: Int
    /// The loss, where there is one.
    public var loss: Double?
    /// Units a second, where they are counted.
    public var rate: Double?
    /// The unit of `rate`, such as `windows`.
    public var rateUnit: String
    /// Seconds since the work began.
    public var elapsed: Double
    /// Seconds that the work will still take; estimated from steps and time where it is nil.
    public var remaining: Double?
    /// More figures to show where there is room, such as a validation loss.
    public var figures: [Figure]

    /// A named number.
    public struct Figure: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The number.
        public var value: Double
        /// Whether it counts something, so that it has no decimals.
        public var isCount = false

        /// A named number.
        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }

        /// A named count.
        public init(_ name: String, count: Int) {
            self.init(name, Double(count))
            isCount = true
        }
    }

    /// How far a piece of work is.
    public init(
        label: String = "", done: Int, total: Int, loss: Double? = nil, rate: Double? = nil, rateUnit: String = "steps",
        elapsed: Double, remaining: Double? = nil, figures: [Figure] = []
    ) {
        self.label = label
        self.done = done
        self.total = total
        self.loss = loss
        self.rate = rate
        self.rateUnit = rateUnit
        self.elapsed = elapsed
        self.remaining = remaining
        self.figures = figures
    }

    /// The part that is done, from 0 to 1; nil where the total is not known.
    public var fraction: Double? { total > 0 ? max(0, min(1, Double(done) / Double(total))) : nil }

    /// Seconds that the work will still take, as far as that can be told.
    public var timeLeft: Double? {
        if let remaining { return remaining }
        guard let fraction, fraction > 0, elapsed > 0 else { return nil }
        return elapsed * (1 - fraction) / fraction
    }
}

/// One line that shows how far a piece of work is.
public enum ProgressBar {
    /// The line, at most `width` columns wide: label, bar, percent, loss, figures, speed, elapsed and remaining time. What
    /// matters least goes first where the room is short.
    public static func line(_ state: ProgressState, width: Int, style: TerminalStyle = .plain) -> String {
        let parts = parts(state)
        // From the least important: figures, speed, elapsed time, time left, loss, label.
        var kept = Set(parts.map(\.rank))
        let barWidths = 6...30
        func taken(_ bar: Int) -> Int {
            let shown = parts.filter { kept.contains($0.rank) }
            let texts = shown.reduce(0) { $0 + DisplayWidth.of($1.text) } + max(0, shown.count - 1) * 2
            return texts + (bar > 0 && state.fraction != nil ? bar + (shown.isEmpty ? 0 : 1) : 0)
        }
        while taken(barWidths.lowerBound) > width, let least = kept.max(), kept.count > 1 { kept.remove(least) }
        let room = width - taken(0) - 1
        let barWidth = state.fraction != nil && room >= 4 ? min(room, barWidths.upperBound) : 0

        var line = ""
        for part in parts where kept.contains(part.rank) {
            if part.rank == Rank.percent, barWidth > 0 {
                line += (line.isEmpty ? "" : "  ") + bar(state.fraction ?? 0, barWidth, style) + " " + part.text
            } else {
                line += (line.isEmpty ? "" : "  ") + part.text
            }
        }
        return DisplayWidth.of(stripped(line)) <= width
            ? line : DisplayWidth.truncated(stripped(line), to: max(0, width))
    }

    /// The same figures as a plain sentence, for logs.
    public static func plainLine(_ state: ProgressState) -> String {
        parts(state).map(\.text).filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// What goes when the room is short: the greatest first.
    private enum Rank {
        static let percent = 0
        static let label = 1
        static let loss = 2
        static let left = 3
        static let elapsed = 4
        static let rate = 5
        static let figures = 6
    }

    private static func parts(_ state: ProgressState) -> [(rank: Int, text: String)] {
        var parts: [(rank: Int, text: String)] = []
        let label = SafeText.terminal(state.label)
        if !label.isEmpty { parts.append((Rank.label, label)) }
        if let fraction = state.fraction {
            // Rounded down: 100 % is said only when all is done.
            let percent = String(Int(fraction * 100))
            parts.append((Rank.percent, DisplayWidth.padded(percent, to: 3, rightAligned: true) + " %"))
        } else {
            parts.append((Rank.percent, NumberText.grouped(String(max(0, state.done)))))
        }
        if let loss = state.loss { parts.append((Rank.loss, "loss " + steady(loss))) }
        for (index, figure) in state.figures.enumerated() {
            let number = figure.isCount ? NumberText.fixed(figure.value, 0, grouped: true) : steady(figure.value)
            parts.append((Rank.figures + index, SafeText.terminal(figure.name) + " " + number))
        }
        if let rate = state.rate, rate.isFinite {
            parts.append(
                (Rank.rate, NumberText.compact(rate, digits: 3) + " " + SafeText.terminal(state.rateUnit) + "/s"))
        }
        parts.append((Rank.elapsed, NumberText.duration(state.elapsed)))
        if let left = state.timeLeft, state.fraction.map({ $0 < 1 }) ?? true {
            parts.append((Rank.left, NumberText.duration(left) + " left"))
        }
        return parts
    }

    /// Four decimals from 0.001 up to 1,000, so that the line does not jump.
    private static func steady(_ value: Double) -> String {
        value.isFinite && (value == 0 || (0.001..<1000).contains(abs(value)))
            ? NumberText.fixed(value, 4) : NumberText.compact(value)
    }

    private static func bar(_ fraction: Double, _ width: Int, _ style: TerminalStyle) -> String {
        if !style.unicode {
            let full = Int(fraction * Double(width - 2))
            return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - 2 - full) + "]"
        }
        let halves = Int(fraction * Double(width) * 2)
        let full = String(repeating: "━", count: halves / 2) + (halves % 2 == 1 ? "╸" : "")
        let empty = String(repeating: style.colors ? "━" : "─", count: width - (halves + 1) / 2)
        return style.paint(full, .blue) + style.paint(empty, .dim)
    }

    private static func stripped(_ line: String) -> String {
        var plain = ""
        var escaped = false
        for character in line {
            if character == "\u{1B}" { escaped = true }
            if !escaped { plain.append(character) }
            if escaped, character == "m" { escaped = false }
        }
        return plain
    }
}
