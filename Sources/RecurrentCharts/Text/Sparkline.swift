/// A row of numbers as one line of text, each a block whose height shows it.
public enum Sparkline {
    /// The line: at most `width` places, each the mean of its numbers; a place without a finite number is blank.
    ///
    /// - Parameters:
    ///   - range: the numbers of the lowest and the highest block; nil: those that there are.
    public static func text(
        _ values: [Double], width: Int = 40, range: ClosedRange<Double>? = nil, style: TerminalStyle = .plain
    ) -> String {
        let blocks = Array(style.unicode ? "▁▂▃▄▅▆▇█" : "_.-=+*%#")
        let places = max(1, min(width, values.count))
        guard !values.isEmpty else { return "" }
        let means = (0..<places).map { place -> Double in
            let part = values[place * values.count / places..<(place + 1) * values.count / places]
                .filter(\.isFinite).map(ValueRange.clamped)
            return part.isEmpty ? .nan : part.reduce(0) { $0 + $1 / Double(part.count) }
        }
        let shown = range.map { ValueRange($0.lowerBound, $0.upperBound) } ?? ValueRange(of: means)
        return String(
            means.map { mean -> Character in
                guard mean.isFinite else { return " " }
                let height = max(0, min(1, shown.fraction(mean))) * Double(blocks.count - 1)
                return blocks[Int(height.rounded())]
            })
    }
}
