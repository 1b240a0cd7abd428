public import RecurrentCharts

extension Translation {
    /// What was looked at for each token of the answer: a heat map, the text above, the answer beside.
    public func attentionChart(title: String = "Attention") -> HeatMap {
        // Wide enough for every token of the text to have its name under it.
        let longest = sourceTokens.map(\.count).max() ?? 1
        let width = 260 + sourceTokens.count * (16 + 8 * min(longest, 24))
        return HeatMap(
            title: title, subtitle: "of each token of the answer to those of the text",
            values: attention.map { $0.map(Double.init) }, rowLabels: targetTokens.map(Self.shown),
            columnLabels: sourceTokens.map(Self.shown), scale: .fixed(0, 1), width: min(4000, max(480, width)))
    }

    /// A token with the space before it made visible.
    private static func shown(_ token: String) -> String {
        token.hasPrefix(" ") ? "·" + token.dropFirst() : token
    }
}
