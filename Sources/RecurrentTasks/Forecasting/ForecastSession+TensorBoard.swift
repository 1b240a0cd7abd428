import RecurrentData
import RecurrentFormats
public import RecurrentTraining

extension ForecastSession {
    /// Tells a log what the run is: its hyper-parameters, its data and the remarks on them.
    ///
    /// - Parameter command: the command that began the run, as it was typed.
    public func describe(in log: TensorBoardLog, command: String? = nil) {
        log.hyperparameters(
            [
                ("horizon", .number(Double(recipe.horizon))), ("season", .number(Double(recipe.season))),
                ("lookback", .number(Double(recipe.lookback))), ("segment", .number(Double(recipe.segment))),
                ("embedding_size", .number(Double(recipe.embeddingSize))),
                ("hidden_size", .number(Double(recipe.hiddenSize))), ("layers", .number(Double(recipe.layers))),
                ("cell", .text(recipe.cell)), ("dropout", .number(recipe.dropout)),
                ("batch_size", .number(Double(recipe.batchSize))), ("steps", .number(Double(recipe.steps))),
                ("learning_rate", .number(recipe.learningRate)), ("members", .number(Double(recipe.members))),
                ("series", .number(Double(recipe.seriesIds.count))),
                ("calendar_features", .number(Double(recipe.calendarFeatures))),
                ("starts_seasonal", .truth(recipe.startsSeasonal)), ("seed", .text("\(seed)")),
            ], metrics: ["loss"] + (isJudged ? ["backtest/mase", "backtest/smape", "backtest/wql"] : []))
        if let command { log.text("command", Self.block([command])) }
        if let report = data.report { log.text("data", Self.block(report.lines)) }
        if !notes.isEmpty { log.text("remarks", Self.block(notes)) }
    }

    /// Lines as Markdown shows them unchanged.
    private static func block(_ lines: [String]) -> String {
        lines.flatMap { $0.split(whereSeparator: \.isNewline) }.map { "    " + $0 }.joined(separator: "\n")
    }
}

extension Forecaster {
    /// Tells a log how the method did on unseen data, if that is known.
    public func describe(in log: TensorBoardLog) {
        guard let backtest else { return }
        let scores = backtest.model
        var metrics = [
            ("backtest/mae", scores.mae), ("backtest/rmse", scores.rmse), ("backtest/mase", scores.mase),
            ("backtest/smape", scores.smape), ("backtest/rmsse", scores.rmsse),
        ]
        if let wql = scores.wql { metrics.append(("backtest/wql", wql)) }
        if let coverage = scores.coverage80 { metrics.append(("backtest/coverage_80", coverage)) }
        log.metrics(metrics.map { (tag: $0.0, value: $0.1) }, step: recipe.steps)
    }
}
