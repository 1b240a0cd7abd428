import RecurrentAutodiff
import RecurrentCharts
import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

private func series(_ count: Int = 90, id: String = "a") -> TimeSeries {
    var stream = RandomStream(seed: 1)
    let values = (0..<count).map { (t: Int) -> Double in
        let wave = Double.sin(Double.pi * Double(t) / 3)
        return 20 + 0.05 * Double(t) + 5 * wave + 0.5 * stream.normal()
    }
    return TimeSeries(
        id: id, start: Timestamp(year: 2000, month: 1, day: 1), frequency: .monthly, values: values)
}

private func options(_ cell: String, layers: Int = 1) -> ForecastOptions {
    var options = ForecastOptions()
    options.horizon = 3
    options.season = 6
    options.cell = cell
    options.isJudged = false
    options.adjustRecipe = {
        $0.steps = 5
        $0.members = 2
        $0.hiddenSize = 6
        $0.embeddingSize = 5
        $0.batchSize = 16
        $0.layers = layers
    }
    return options
}

private let cells = ["lstm", "lstm-peephole", "lstm-projected-both", "lstm-zoneout", "gru", "rnn", "slstm", "min-gru"]

@Test(arguments: cells)
func aForecasterOfAnyCellIsSavedAndForecastsTheSame(_ cell: String) throws {
    let forecaster = try Forecaster.fit(TimeSeriesSet([series()]), options: options(cell, layers: 2))
    #expect(forecaster.recipe.cell == cell)
    do {
        let folder = temporaryFolder()
        try forecaster.save(to: folder + "/model")
        let again = try Forecaster(folder: folder + "/model")
        #expect(again.recipe == forecaster.recipe)
        #expect(try again.forecast().mean == forecaster.forecast().mean)
        let text = String(
            decoding: try FileSystem().read(folder + "/model/config.json", maximumBytes: 1 << 20), as: UTF8.self)
        // A model of the standard cell is written as before there were others.
        #expect(text.contains("\"cell\"") == (cell != "lstm"))
        let weights = try SafetensorsFile(folder + "/model/model.safetensors").entries.map(\.name)
        #expect(weights.contains("members.0.lstm.weight_ih_l1") == (cell == "lstm"))
        if cell == "gru" { #expect(weights.contains("members.1.recurrent.layers.1.weight_hh")) }
    }
}

@Test func aMisspeltCellOfAForecasterNamesTheNearestOne() throws {
    let error = try #require(throws: RecurrentError.self) {
        try ForecastSession(TimeSeriesSet([series()]), options: options("lstm-pephole"))
    }
    #expect(error.category == .usage)
    #expect(error.help == "did you mean \"lstm-peephole\"?")
}

@Test func aRunOfAnotherCellGoesOnWithThatCell() throws {
    do {
        let folder = temporaryFolder()
        let session = try ForecastSession(TimeSeriesSet([series()]), options: options("gru"))
        try session.begin(in: folder + "/training")
        #expect(try ForecastSession(resuming: folder + "/training").recipe.cell == "gru")
        // An unknown name in the file is a damaged file, not a bug.
        let path = folder + "/training/session.json"
        let text = String(decoding: try FileSystem().read(path, maximumBytes: 1 << 20), as: UTF8.self)
        try FileSystem().write(Array(text.replacing("\"gru\"", with: "\"grue\"").utf8), to: path)
        let error = try #require(throws: RecurrentError.self) { try ForecastSession(resuming: folder + "/training") }
        #expect(error.category == .badModel)
        #expect(error.what == "\"recipe.cell\" is 'grue', which is no cell")
        #expect(error.help == "did you mean \"gru\"?")
    }
}

/// 4096 units of a matrix memory are 67 MB of state for each row and segment.
@Test func aModelFolderWhoseStatesFitNoMachineIsRefusedBeforeAnyIsMade() throws {
    let forecaster = try Forecaster.fit(TimeSeriesSet([series()]), options: options("gru"))
    let folder = temporaryFolder()
    try forecaster.save(to: folder + "/model")
    let system = FileSystem()
    func hostile(_ path: String) throws -> [UInt8] {
        var text = String(decoding: try system.read(path), as: UTF8.self)
        for space in ["", " "] {
            text = text.replacing("\"hidden_size\":\(space)6", with: "\"hidden_size\":4096")
        }
        #expect(text.contains("4096"))
        return Array(text.replacing("\"gru\"", with: "\"mlstm\"").utf8)
    }
    func check(_ read: () throws -> Void) throws {
        let error = try #require(throws: RecurrentError.self, performing: read)
        #expect(error.category == .badModel)
        #expect(error.what == "\"recipe\" asks for too much memory: layers of 4096 units of mlstm")
        #expect(error.why?.hasSuffix("GB; 4 GB are possible") == true)
        #expect(error.help != nil)
    }
    let model = folder + "/model"
    try VerifiedFolder.write(
        [
            ("config.json", hostile(model + "/config.json")),
            ("model.safetensors", system.read(model + "/model.safetensors")),
            ("context.csv", system.read(model + "/context.csv")),
        ], to: model, replacing: true)
    try check { _ = try Forecaster(folder: model) }
    let training = folder + "/training"
    try ForecastSession(TimeSeriesSet([series()]), options: options("gru")).begin(in: training)
    try system.write(hostile(training + "/session.json"), to: training + "/session.json")
    try check { _ = try ForecastSession(resuming: training) }
}

@Test func aTrainingWhoseStatesFitNoMachineIsRefused() throws {
    var recipe = ForecastRecipe(lengths: [200], seriesIds: ["a"], horizon: 100, season: 1)
    try ForecastSession.checkSize(recipe, longest: 200, at: nil)
    recipe.cell = "mlstm"
    recipe.hiddenSize = 4096
    let error = try #require(throws: RecurrentError.self) {
        try ForecastSession.checkSize(recipe, longest: 200, at: nil)
    }
    #expect(error.category == .usage && error.why?.contains("GB") == true)
}

@Test(arguments: cells)
func theTraceOfAForecasterComputesItsTrainingLoss(_ cell: String) throws {
    let data = TimeSeriesSet([series(id: "a"), series(70, id: "b")])
    let forecaster = try Forecaster.fit(data, options: options(cell, layers: 2))
    var options = ForecastTraceOptions()
    options.series = "b"
    options.member = 1
    let trace = try forecaster.trace(of: data, options: options)
    let batch = forecaster.windows(data.series, ends: [90, 70]).batch([(series: 1, cut: 67)])
    let loss = forecastLoss(
        forecaster.ensemble.members[1](batch), target: batch.target, weight: batch.weight,
        quantiles: ForecastRecipe.quantiles
    ).value.item
    // float32, layer by layer instead of step by step.
    #expect(abs(trace.loss - loss) < 1e-5 * max(1, loss))
    #expect(trace.lossKind == .training)
    #expect(trace.targetCount == 3)
    #expect(trace.layers.count == 2)
    #expect(trace.stampTexts.count == forecaster.recipe.lookback / forecaster.recipe.segment)
    #expect(trace.originText == data.series[1].stampText(at: 67))
    for index in trace.layers.indices {
        for (_, norms) in trace.gradientNorms(layer: index) {
            #expect(norms.count == trace.stampTexts.count && norms.allSatisfy(\.isFinite))
        }
        // The state that the forecast starts from reaches the loss.
        #expect(trace.gradientNorms(layer: index)[0].values.last! > 0)
    }
}

@Test func aTraceWhoseNumbersOverflowIsAnErrorAndNoPicture() throws {
    let data = TimeSeriesSet([series()])
    var forecaster = try Forecaster.fit(data, options: options("lstm"))
    // Weights that are finite each, as a model's file may hold them, but whose sums are not.
    forecaster.ensemble.updateParameters { name, value in
        if name.contains("head") { value = value * 0 + 3e38 }
    }
    let error = try #require(throws: RecurrentError.self) { try forecaster.trace(of: data) }
    #expect(error.category == .badModel)
    #expect(error.what.hasPrefix("the network's numbers overflow"))
    #expect(error.why != nil && error.help != nil)
}

@Test func aTraceReadsFurtherBackThanTheTraining() throws {
    let data = TimeSeriesSet([series()])
    let forecaster = try Forecaster.fit(data, options: options("lstm"))
    let (own, S) = (forecaster.recipe.lookback / forecaster.recipe.segment, forecaster.recipe.segment)
    var options = ForecastTraceOptions()
    let most = 87 / S
    options.steps = most
    let long = try forecaster.trace(of: data, options: options)
    #expect(long.stampTexts.count == most)
    #expect(long.trainedSteps == own)
    #expect(long.emptySteps == 0)
    #expect(long.stampTexts.last == data.series[0].stampText(at: 87 - S))
    for steps in [own - 1, most + 1, 0, -1, Int.max] {
        options.steps = steps
        let error = try #require(throws: RecurrentError.self) { try forecaster.trace(of: data, options: options) }
        #expect(error.category == .usage)
    }
    options = ForecastTraceOptions()
    options.heldOut = 0
    let open = try forecaster.trace(of: data, options: options)
    #expect(open.lossKind == .medians)
    #expect(open.originText == data.series[0].stampText(at: 90))
    for wrong in [90, 91, -1, Int.max] {
        options.heldOut = wrong
        #expect(throws: RecurrentError.self) { try forecaster.trace(of: data, options: options) }
    }
    // A series shorter than the look-back leaves steps without data.
    options = ForecastTraceOptions()
    let short = try forecaster.trace(of: TimeSeriesSet([series(S + 3)]), options: options)
    #expect(short.emptySteps == own - 1)
    #expect(short.values.prefix(own - 1).allSatisfy { $0.isNaN })
}

@Test func aTraceAsATableAndAsAPictureHoldsItsNumbers() throws {
    let data = TimeSeriesSet([series()])
    let traces = try ["lstm", "rnn"].map { try Forecaster.fit(data, options: options($0)).trace(of: data) }
    let bytes = try ForecastTrace.csv([("one", traces[0]), ("two", traces[1])])
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    var pieces: [[UInt8]] = []
    // More than a piece holds: sixty tables one after another.
    let many = (0..<60).map { (model: "\($0)", trace: traces[0]) }
    try ForecastTrace.csv(many) { (piece) throws(RecurrentError) in pieces.append(piece) }
    #expect(pieces.count > 1 && pieces.allSatisfy { $0.count < 1 << 19 })
    #expect(Array(pieces.joined()) == (try ForecastTrace.csv(many)))
    #expect(lines[0] == ["model", "step", "time", "layer", "unit", "quantity", "value"])
    #expect(lines.allSatisfy { $0.count == 7 })
    let steps = traces[0].stampTexts.count
    // Four gates, c, h and two gradients of six units, and two norms; of the simple network h, its gradient and its norm.
    #expect(lines.count == 1 + steps * (8 * 6 + 2) + steps * (2 * 6 + 1))
    let norms = lines.filter { $0[0] == "one" && $0[5] == "|dloss/dc|" }.map { Double($0[6])! }
    #expect(norms == traces[0].gradientNorms(layer: 0)[1].values)
    let squares = lines.filter { $0[0] == "one" && $0[5] == "dloss/dc" && $0[1] == "0" }.map { Double($0[6])! }
    #expect(abs(squares.reduce(0) { $0 + $1 * $1 }.squareRoot() - norms[0]) < 1e-12 * norms[0])
    let chart = ForecastTrace.chart(traces, titles: ["one", "two"])
    #expect(chart.columns.map(\.strips.count) == [8, 3])
    #expect(chart.columns[0].strips.map(\.title).contains("cell state c"))
    let fading = traces[0].fading(layer: 0)
    #expect(fading.map(\.name) == ["h", "c"])
    // The geometric mean brings the last norm to the first.
    var last = norms[steps - 1]
    for _ in 1..<steps { last *= fading[1].factor }
    #expect(abs(last - norms[0]) < 1e-9 * norms[0])
}
