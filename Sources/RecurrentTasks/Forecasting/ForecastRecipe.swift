import RecurrentFormats
import RecurrentTensor

/// Every choice of a forecaster, found from the data where a person does not give it. It is the architecture part of a
/// model's `config.json`.
public struct ForecastRecipe: Sendable, Hashable {
    /// The number of periods to forecast, H.
    public var horizon: Int
    /// The season length in periods; 1 where no season was found.
    public var season: Int
    /// The number of past periods that a forecast looks at, L.
    public var lookback: Int
    /// The number of periods in one step of the LSTM, S.
    public var segment: Int
    /// The number of features of an embedded segment.
    public var embeddingSize: Int
    /// The number of units of the LSTM, H.
    public var hiddenSize: Int
    /// The number of stacked LSTM layers.
    public var layers = 1
    /// The dropout rate before the head and between layers.
    public var dropout: Double
    /// The number of windows of an update.
    public var batchSize: Int
    /// The number of updates.
    public var steps: Int
    /// The highest learning rate.
    public var learningRate: Double
    /// The number of networks whose forecasts are averaged.
    public var members: Int
    /// The names of the series.
    public var seriesIds: [String]
    /// The names of covariates known up to the present.
    public var pastCovariates: [String]
    /// The names of covariates known ahead.
    public var knownCovariates: [String]
    /// The number of calendar features (hour of the day, day of the week, …) that are known ahead; 0: none are used.
    public var calendarFeatures = 0

    /// The levels of the quantiles that are forecast.
    public static let quantiles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

    /// The number of numbers for each forecast period: the mean and the quantiles.
    var outputCount: Int { 1 + ForecastRecipe.quantiles.count }

    /// The number of features known ahead of each period.
    var knownCount: Int { knownCovariates.count + calendarFeatures }

    /// The number of segments of the horizon.
    var horizonSegments: Int { (horizon + segment - 1) / segment }

    /// The recipe for series of these lengths.
    ///
    /// The look-back grows with the data, up to half of a series; a segment is a divisor or a multiple of the season near a
    /// sixteenth of the look-back; many windows get a larger network and few an ensemble of small ones.
    ///
    /// - Precondition: `lengths` and `seriesIds` are not empty; `horizon` and `season` are at least 1.
    public init(
        lengths: [Int], seriesIds: [String], horizon: Int, season: Int, pastCovariates: [String] = [],
        knownCovariates: [String] = []
    ) {
        precondition(!lengths.isEmpty && horizon >= 1 && season >= 1, "ForecastRecipe: nothing to forecast")
        self.horizon = horizon
        self.season = season
        self.seriesIds = seriesIds
        self.pastCovariates = pastCovariates
        self.knownCovariates = knownCovariates
        let total = lengths.reduce(0, +)
        let median = lengths.sorted()[lengths.count / 2]
        let wanted = max(Double(total) / 12, Double(max(3 * season, horizon, 12)))
        let bounded = min(wanted, 720, max(Double(median) / 2, 8))
        let segments =
            season > 1
            ? (1...season).filter { season % $0 == 0 } + (1...8).map { $0 * season } : [1, 2, 4, 8, 12, 24]
        let ideal = bounded / 16
        let segment = segments.min { abs(Double.log(Double($0) / ideal)) < abs(Double.log(Double($1) / ideal)) } ?? 1
        self.segment = segment
        lookback = max(2 * segment, segment * Int((bounded / Double(segment)).rounded()))
        let halfWindow = lookback / 2
        let windows = lengths.reduce(0) { $0 + max(0, $1 - horizon - halfWindow + 1) }
        let isLarge = windows > 20_000
        embeddingSize = isLarge ? 128 : 32
        hiddenSize = isLarge ? 128 : 48
        dropout = lengths.count > 50 ? 0.1 : 0.3
        batchSize = isLarge ? 256 : 64
        steps = isLarge ? (lengths.count > 50 ? 1500 : 600) : 400
        learningRate = lengths.count > 50 ? 6e-3 : 3e-3
        members = isLarge ? 3 : 5
    }

    /// The start of the linear path: the seasonal naive forecast, from the last season (for hourly data also the last week).
    func highwayStart() -> Tensor {
        var weights = [Float](repeating: 0, count: horizon * lookback)
        let week = season == 24 ? 168 : season
        let lags = [season, week].filter { $0 > 1 && $0 <= lookback }
        for h in 0..<horizon {
            for lag in lags { weights[h * lookback + lookback - lag + h % lag] += 1 / Float(lags.count) }
        }
        return Tensor(weights, shape: [horizon, lookback])
    }
}

extension ForecastRecipe {
    var json: JSON {
        [
            "horizon": JSON(horizon), "season": JSON(season), "lookback": JSON(lookback), "segment": JSON(segment),
            "embedding_size": JSON(embeddingSize), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "dropout": JSON(dropout), "batch_size": JSON(batchSize), "steps": JSON(steps),
            "learning_rate": JSON(learningRate), "members": JSON(members), "series": JSON(seriesIds),
            "past_covariates": JSON(pastCovariates), "known_covariates": JSON(knownCovariates),
            "calendar_features": JSON(calendarFeatures),
        ]
    }

    /// - Throws: `RecurrentError` of category `badModel` that names the key; every number is held to a sane range, so that
    ///   a damaged file can ask for no impossible memory.
    init(_ json: JSONCursor) throws(RecurrentError) {
        horizon = try json["horizon"].int(in: 1...100_000)
        season = try json["season"].int(in: 1...1_000_000)
        lookback = try json["lookback"].int(in: 1...100_000)
        segment = try json["segment"].int(in: 1...lookback)
        embeddingSize = try json["embedding_size"].int(in: 1...4096)
        hiddenSize = try json["hidden_size"].int(in: 1...4096)
        layers = try json["layers"].int(in: 1...16)
        dropout = try json["dropout"].double(in: 0...0.99)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        steps = try json["steps"].int(in: 1...100_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        members = try json["members"].int(in: 1...64)
        seriesIds = try json["series"].strings()
        pastCovariates = try json["past_covariates"].strings()
        knownCovariates = try json["known_covariates"].strings()
        calendarFeatures = try json["calendar_features"].int(in: 0...64)
        guard lookback % segment == 0 else {
            throw json["segment"].error("the look-back \(lookback) is no multiple of the segment \(segment)")
        }
        guard !seriesIds.isEmpty else { throw json["series"].error("there are no series") }
    }
}
