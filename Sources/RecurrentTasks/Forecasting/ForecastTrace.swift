import RecurrentAutodiff
public import RecurrentData
public import RecurrentNN
import RecurrentTensor

/// What to look at in a forecaster; what is nil is chosen.
public struct ForecastTraceOptions: Sendable {
    /// The name of the series; nil: the first.
    public var series: String?
    /// The number of the network among those whose forecasts are averaged, from 0.
    public var member = 0
    /// The number of steps of the recurrent layers over the window; nil: as many as in training.
    public var steps: Int?
    /// How many values at the end of the series are kept from the window, as what is to be forecast; nil: one horizon. Fewer
    /// than a horizon leave later targets missing, and 0 leaves none.
    public var heldOut: Int?

    /// The window before the last horizon of the first series, in the first network.
    public init() {}
}

/// What the recurrent layers of a forecaster did over one window of a series, and how the loss of the forecast that follows
/// depends on every state on the way.
public struct ForecastTrace: Sendable {
    /// Of what the gradients are.
    public enum Loss: String, Sendable, Hashable {
        /// The loss that the training minimises, over the values that followed the window.
        case training
        /// The sum of the medians that are forecast, in scaled units, where no value follows the window.
        case medians
    }

    /// The name of the series.
    public let seriesId: String
    /// The cell of the layers.
    public let cell: String
    /// The number of steps of a training window.
    public let trainedSteps: Int
    /// How many of the first steps lie before the beginning of the data, where the network sees zeros.
    public let emptySteps: Int
    /// The time of the first value of each step, in the spelling of the data.
    public let stampTexts: [String]
    /// The time of the first value that is forecast.
    public let originText: String
    /// The mean of the values of each step; NaN where there is none.
    public let values: [Double]
    /// Of what the gradients are.
    public let lossKind: Loss
    /// The number of values that the loss looks at.
    public let targetCount: Int
    /// The loss.
    public let loss: Double
    /// The layers, with one sequence each.
    public let layers: [CellTrace.Layer]

    /// The norm of ∂loss/∂state after every step, by the name of the state, of a layer.
    public func gradientNorms(layer: Int) -> [(name: String, values: [Double])] {
        layers[layer].gradientNorms.map { ($0.name, $0.values.doubles()) }
    }
}

extension Forecaster {
    /// Looks into one of the networks over the last window of a series.
    ///
    /// With more steps than in training the recurrent layers read further back than they learnt to; the values there are
    /// scaled as the window of training is, and the linear path sees the window of training alone.
    ///
    /// - Throws: `RecurrentError` of category `badData` where the data do not fit the model, `usage` where an option does
    ///   not fit the data, or `badModel` where the network's numbers overflow.
    public func trace(
        of data: TimeSeriesSet, options: ForecastTraceOptions = ForecastTraceOptions()
    ) throws -> ForecastTrace {
        try check(data)
        let names = data.series.map(\.id)
        guard let index = options.series.map({ names.firstIndex(of: $0) }) ?? 0 else {
            let name = options.series ?? ""
            throw RecurrentError(
                .usage, "the data hold no series '\(name)'", help: Spelling.help(for: name, in: names))
        }
        guard ensemble.members.indices.contains(options.member) else {
            throw RecurrentError(
                .usage, "there is no network \(options.member)",
                help: "the model has \(ensemble.members.count): 0 to \(ensemble.members.count - 1)")
        }
        let series = data.series[index]
        let segment = recipe.segment
        let own = recipe.lookback / segment
        let steps = options.steps ?? own
        let held = options.heldOut ?? (series.count > recipe.horizon ? recipe.horizon : 0)
        let cut = series.count - held
        guard cut >= 1, held >= 0 else {
            throw RecurrentError(
                .usage, "\(held) of the \(series.count) values are kept from the window; one at least must be left")
        }
        let most = max(own, cut / segment)
        let limit = max(own, ForecastTrace.maximumSteps(recipe))
        guard (own...min(most, limit)).contains(steps) else {
            throw RecurrentError(
                .usage, "\(steps) steps are not possible: \(own) to \(min(most, limit)) are",
                why:
                    "a step is \(segment) period\(segment == 1 ? "" : "s"), the model was trained on \(own) steps, and "
                    + "\(cut) values stand before the forecast")
        }
        let length = steps * segment
        let batch = windows(data.series, ends: data.series.map(\.count))
            .batch([(series: index, cut: cut)], length: length)
        let targets = batch.weight.doubles().filter { $0 > 0 }.count
        let network = ensemble.members[options.member]
        let trace = CellTrace { recorder in
            let forecast = network.observed(batch, by: &recorder)
            guard targets > 0 else {
                let middle = ForecastRecipe.quantiles.count / 2
                return forecast.sliced(middle..<middle + 1, axis: 2).sum()
            }
            return forecastLoss(
                forecast, target: batch.target, weight: batch.weight, quantiles: ForecastRecipe.quantiles)
        }
        let gradients = trace.layers.flatMap(\.gradients)
        guard trace.loss.isFinite, gradients.allSatisfy(\.values.isFinite) else {
            throw RecurrentError(
                .badModel, "the network's numbers overflow over the last \(steps) steps of '\(series.id)'",
                why: trace.loss.isFinite
                    ? "a gradient is beyond the numbers of 32 bits" : "the loss is \(trace.loss), which is no number",
                help: "train the model again, or look at fewer steps or other data")
        }
        let starts = (0..<steps).map { cut - length + $0 * segment }
        let means = starts.map { start -> Double in
            let known = series.values[max(0, start)..<max(0, start + segment)].filter(\.isFinite)
            return known.isEmpty ? .nan : known.reduce(0) { $0 + $1 / Double(known.count) }
        }
        return ForecastTrace(
            seriesId: series.id, cell: recipe.cell, trainedSteps: own,
            emptySteps: starts.filter { $0 + segment <= 0 }.count, stampTexts: starts.map { series.stampText(at: $0) },
            originText: series.stampText(at: cut), values: means, lossKind: targets > 0 ? .training : .medians,
            targetCount: targets > 0 ? targets : recipe.horizon, loss: trace.loss,
            layers: trace.layers.filter { $0.name.hasPrefix(ForecastNetwork.Part.window.rawValue) })
    }
}

extension ForecastTrace {
    /// More steps than any picture shows.
    static let maximumSteps = 20_000
    /// More numbers than the states of a trace hold.
    static let maximumStateCount = 1e8

    /// The number of steps whose states, their gradients and what lies between them fit into memory.
    static func maximumSteps(_ recipe: ForecastRecipe) -> Int {
        min(maximumSteps, Int(maximumStateCount / recipe.stateSize))
    }

    /// What a layer is called: its number, or the cell where there is one layer.
    public func layerName(_ index: Int) -> String { layers.count == 1 ? "" : "layer \(index)" }
}
