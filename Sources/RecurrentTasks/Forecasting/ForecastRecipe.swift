import RecurrentFormats
import RecurrentNN
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
    /// The number of periods in one step of the recurrent layers, S.
    public var segment: Int
    /// The number of features of an embedded segment.
    public var embeddingSize: Int
    /// The number of units of a recurrent layer, H.
    public var hiddenSize: Int
    /// The number of stacked recurrent layers.
    public var layers = 1
    /// The cell of the recurrent layers, by its name in ``CellCatalog``.
    public var cell = ForecastRecipe.standardCell
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
    /// Whether the linear path begins as the seasonal naive forecast, rather than at zero.
    public var startsSeasonal: Bool
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

    /// The number of features known ahead of each period.
    var knownCount: Int { knownCovariates.count + calendarFeatures }

    /// The number of trained numbers of one network, as a double so that no declared size can overflow it.
    package var parameterCount: Double {
        let (S, D, R) = (Double(segment), Double(embeddingSize), Double(hiddenSize))
        let encoded = S * Double(1 + pastCovariates.count + knownCount)
        let first = CellCatalog.size(named: cell, inputSize: embeddingSize, hiddenSize: hiddenSize)
        let output = first?.outputSize ?? hiddenSize
        let other = CellCatalog.size(named: cell, inputSize: output, hiddenSize: hiddenSize)
        // A cell whose size is not known is one of the largest.
        let guess = 16 * R * (D + R + 2)
        let recurrent =
            (first.map { Double($0.parameterCount) } ?? guess)
            + Double(layers - 1) * (other.map { Double($0.parameterCount) } ?? guess)
        let series = seriesIds.count > 1 ? Double(seriesIds.count) * D : 0
        let queries = Double(horizonSegments) * D + S * Double(knownCount) * D
        let head = Double(output + 1) * S * Double(ForecastRecipe.quantiles.count)
        return D * (encoded + 1) + recurrent + series + queries + head + Double(horizon) * Double(lookback + 1)
    }

    /// The numbers that the states of all layers hold for one row of a batch, as a double so that no declared size can
    /// overflow it.
    var stateSize: Double {
        let state = CellCatalog.size(named: cell, inputSize: embeddingSize, hiddenSize: hiddenSize)?.stateSize
        // A cell whose size is not known is one of the largest.
        return Double(layers) * (state.map(Double.init) ?? Double(hiddenSize) * Double(hiddenSize))
    }

    /// Why no machine holds the states of a batch: those after each step over the window, or those that each segment of
    /// the horizon is decoded from; nil where they fit.
    var stateProblem: String? {
        let rows = Double(max(batchSize, ForecastEnsemble.rowsAtOnce))
        let bytes = 4 * Double(max(lookback / segment, horizonSegments)) * rows * stateSize
        guard bytes > ForecastRecipe.maximumStateBytes else { return nil }
        return
            "the states of a batch would take \(Int(bytes / 1e9)) GB; "
            + "\(Int(ForecastRecipe.maximumStateBytes / 1e9)) GB are possible"
    }

    /// The cell that is used where none is named, and that a model's file does not mention.
    public static let standardCell = "lstm"
    /// More steps than any run makes.
    static let maximumSteps = 100_000_000
    /// A longer horizon than any model forecasts.
    static let maximumHorizon = 100_000
    /// More memory than the states of a batch take in any model.
    static let maximumStateBytes = 4e9

    /// The number of segments of the horizon.
    var horizonSegments: Int { (horizon + segment - 1) / segment }

    /// The recipe for series of these lengths.
    ///
    /// The look-back grows with the data, up to about a third of a series; a segment is a divisor of the season, or two
    /// seasons, near a tenth of the look-back; many windows get a larger network, and few an ensemble of small ones with
    /// strong dropout; many series get a faster rate, less dropout and a linear path that begins as the seasonal naive
    /// forecast. The numbers were found on the public data sets that `Benchmarks/results/forecast_accuracy.json` lists.
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
        let bounded = min(wanted, 720, max(0.35 * Double(median), 8))
        let candidates =
            (season > 1 ? (1...season).filter { season % $0 == 0 } + [2 * season] : [1, 2, 4, 8, 12, 24])
            .filter { bounded / Double($0) >= 6 }
        let ideal = bounded / 9.5
        let segment =
            candidates.min { abs(Double.log(Double($0) / ideal)) < abs(Double.log(Double($1) / ideal)) } ?? 1
        let lookback = segment * max(2, Int((bounded / Double(segment)).rounded()))
        self.segment = segment
        self.lookback = lookback
        let windows = lengths.reduce(0) { $0 + max(0, $1 - horizon - lookback / 2 + 1) }
        let isLarge = windows > 20_000
        let isWide = lengths.count >= 50
        embeddingSize = isLarge ? 128 : 32
        hiddenSize = isLarge ? 128 : 48
        dropout = isLarge ? (isWide ? 0.1 : 0.3) : 0.5
        batchSize = isLarge ? 256 : 64
        steps = isLarge ? min(1500, windows * 5 / 512) : min(400, max(60, 3 * windows))
        learningRate = isLarge ? (isWide ? 6e-3 : 4e-3) : 3e-3
        members = isLarge ? 3 : 5
        startsSeasonal = isWide && season > 1
    }

    /// The start of the linear path: zero, or the seasonal naive forecast (for hours of the day the mean of the last day
    /// and of the same day of last week).
    func highwayStart() -> Tensor {
        var weights = [Float](repeating: 0, count: horizon * lookback)
        let lags = [season, season == 24 ? 168 : 0].filter { $0 > 1 && $0 <= lookback }
        for lag in lags where startsSeasonal {
            for h in 0..<horizon { weights[h * lookback + lookback - lag + h % lag] += 1 / Float(lags.count) }
        }
        return Tensor(weights, shape: [horizon, lookback])
    }
}

extension ForecastRecipe {
    var json: JSON {
        var object: JSONObject = [
            "horizon": JSON(horizon), "season": JSON(season), "lookback": JSON(lookback), "segment": JSON(segment),
            "embedding_size": JSON(embeddingSize), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "dropout": JSON(dropout), "batch_size": JSON(batchSize), "steps": JSON(steps),
            "learning_rate": JSON(learningRate), "members": JSON(members), "starts_seasonal": JSON(startsSeasonal),
            "series": JSON(seriesIds),
            "past_covariates": JSON(pastCovariates), "known_covariates": JSON(knownCovariates),
            "calendar_features": JSON(calendarFeatures),
        ]
        if cell != ForecastRecipe.standardCell { object["cell"] = .string(cell) }
        return .object(object)
    }

    /// - Throws: `RecurrentError` of category `badModel` that names the key; every number is held to a sane range, so that
    ///   a damaged file can ask for no impossible memory.
    init(_ json: JSONCursor) throws(RecurrentError) {
        horizon = try json["horizon"].int(in: 1...ForecastRecipe.maximumHorizon)
        season = try json["season"].int(in: 1...1_000_000)
        lookback = try json["lookback"].int(in: 1...100_000)
        segment = try json["segment"].int(in: 1...lookback)
        embeddingSize = try json["embedding_size"].int(in: 1...4096)
        hiddenSize = try json["hidden_size"].int(in: 1...4096)
        layers = try json["layers"].int(in: 1...16)
        dropout = try json["dropout"].double(in: 0...0.99)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        steps = try json["steps"].int(in: 1...ForecastRecipe.maximumSteps)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        members = try json["members"].int(in: 1...64)
        startsSeasonal = try json["starts_seasonal"].bool()
        seriesIds = try json["series"].strings()
        pastCovariates = try json["past_covariates"].strings()
        knownCovariates = try json["known_covariates"].strings()
        calendarFeatures = try json["calendar_features"].int(in: 0...64)
        cell = try json["cell"].ifPresent?.string() ?? ForecastRecipe.standardCell
        do {
            _ = try CellCatalog.entry(named: cell)
        } catch {
            throw json["cell"].error("is '\(cell)', which is no cell", help: error.help)
        }
        guard lookback % segment == 0 else {
            throw json["segment"].error("the look-back \(lookback) is no multiple of the segment \(segment)")
        }
        guard !seriesIds.isEmpty else { throw json["series"].error("there are no series") }
        if let problem = stateProblem {
            throw json.error(
                "asks for too much memory: layers of \(hiddenSize) units of \(cell)", why: problem,
                help: "take another copy of the folder, or train again with fewer units or another cell")
        }
    }
}
