import RecurrentData
public import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

extension ForecastSession {
    /// Writes the data and the choices of the session into a folder, once, so that checkpoints there can be resumed
    /// without the original file.
    public func begin(in folder: String) throws {
        let system = FileSystem()
        try system.makeFolder(folder)
        let table = try SeriesTable.bytes(of: data)
        try system.write(table, to: folder + "/data.csv")
        let json: JSON = [
            "format": "recurrent-forecast-session", "version": 1, "recipe": recipe.json, "seed": .string("\(seed)"),
            "season_found": JSON(season.wasFound), "data": SeriesTable.description(of: data),
            "data_sha256": .string(SHA256.hash(table)), "origins": .array(windows.map { JSON($0.map(\.origin)) }),
            "notes": JSON(notes), "reading": reading.json,
        ]
        try system.write(json.bytes(.pretty), to: folder + "/" + TaskRun.fileName)
    }

    /// A session that goes on from the last checkpoint in a folder, or from its beginning where there is none yet.
    ///
    /// - Throws: `RecurrentError` of category `badModel` where the folder holds no session, or a damaged one.
    public init(resuming folder: String) throws {
        let system = FileSystem()
        let json = try TaskRun.description(in: folder)
        guard try TaskRun.isForecast(json), try json["version"].int() == 1 else {
            throw json["format"].error("this is no forecasting session of a known version")
        }
        let recipe = try ForecastRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        guard try system.hash(folder + "/data.csv").sha256 == (try json["data_sha256"].string()) else {
            throw RecurrentError(
                .badModel, "the data are not those that the training began with", at: folder + "/data.csv",
                help: "begin the training anew")
        }
        let data = try SeriesTable.read(folder + "/data.csv", json["data"], recipe: recipe)
        try ForecastSession.checkSize(recipe, longest: data.series.map(\.count).max() ?? 0, at: json.source)
        let origins = try json["origins"].elements()
        guard origins.count == data.series.count, data.series.map(\.id) == recipe.seriesIds else {
            throw RecurrentError(.badModel, "data.csv does not hold the series of session.json", at: folder)
        }
        let windows = try zip(origins, data.series).map { cursor, series in
            try cursor.ints().map { origin in
                let last = Backtest(
                    length: origin.addingReportingOverflow(recipe.horizon).partialValue, horizon: recipe.horizon,
                    windows: 1)
                guard origin >= 1, origin + recipe.horizon <= series.count, let window = last.windows.first else {
                    throw cursor.error("the origin \(origin) does not lie in the series")
                }
                return window
            }
        }
        let season = try json["season_found"].bool() ? Season(given: recipe.season) : Season.none
        self.init(
            data: data, season: season, recipe: recipe, seed: seed, windows: windows,
            notes: try json["notes"].strings(), reading: try ReadingChoice(json["reading"]))
    }

    /// Takes the last checkpoint of a store, if there is one.
    ///
    /// - Returns: what a person should know: damage that was found and passed over.
    public mutating func restore(from store: CheckpointStore) throws -> [String] {
        guard let checkpoint = try store.loadLast() else { return [] }
        let files = Dictionary(checkpoint.files.map { ($0.name, $0.bytes) }) { first, _ in first }
        var copy = self
        for index in members.indices { try copy.members[index].trainer.restore(files, prefix: "\(index).") }
        guard
            copy.members.allSatisfy({
                $0.trainer.progress.step == copy.step && $0.trainer.progress.batch == copy.step
                    && $0.trainer.progress.epoch == 0
            }), copy.step <= recipe.steps
        else {
            throw RecurrentError(.badModel, "the checkpoint's networks do not stand at one step", at: store.directory)
        }
        self = copy
        return checkpoint.notes
    }

    /// Writes a checkpoint.
    func save(to store: CheckpointStore) throws {
        let files = try members.enumerated().flatMap { try $0.element.trainer.checkpointFiles(prefix: "\($0.offset).") }
        try store.save(step: step, files: files)
    }
}
