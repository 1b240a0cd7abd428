#if CLI
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTasks
    import RecurrentTensor
    import RecurrentTraining

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// A forecasting run of the program: reading, training with checkpoints, and what is shown and written at the end.
    struct ForecastJob {
        let run: RunOptions
        let talk: TalkOptions
        private let started = Console.now
        private var folder: String { place.path }
        private var place = RunFolder(path: "")
        private var presence: FileLock?
        private var session: ForecastSession?
        private var forecaster: Forecaster?

        init(run: RunOptions, talk: TalkOptions) {
            self.run = run
            self.talk = talk
        }

        /// Reads the table, tells what it holds, and begins a run in a fresh folder.
        mutating func start(file: String, data: DataOptions) throws {
            var options = ForecastOptions()
            options.horizon = try positive(run.horizon, "--horizon")
            options.season = try positive(run.season, "--season")
            options.epochs = try positive(run.epochs, "--epochs")
            options.seed = run.seed ?? 0
            options.cell = try cell()
            options.usesCalendar = run.calendar
            options.isJudged = run.backtest ?? true
            _ = try run.saving.interval()
            guard run.out != "" else {
                // Joined with the names of files it would be the root of the file system.
                throw RecurrentError(.usage, "the name of the folder is empty", at: "--out")
            }
            talk.talk("Reading \(file == "-" ? "standard input" : SafeText.terminal(file)) …")
            if let out = run.out { try VerifiedFolder.checkTarget(out, replacing: run.force) }
            try protect(file)
            let set = try TimeSeriesSet(csv: file, options: data.seriesOptions())
            let session = try ForecastSession(set, options: options)
            place = RunFolder(path: try run.out ?? freshFolder(for: file))
            try VerifiedFolder.checkTarget(folder, replacing: run.force)
            describe(session)
            Interruption.install()
            presence = try place.enter()
            try place.removeOldRun()
            try session.begin(in: place.training)
            self.session = session
        }

        /// Takes up the run in a folder.
        mutating func resume() throws {
            place = RunFolder(path: run.out.flatMap { $0.isEmpty ? nil : $0 } ?? ".")
            _ = try run.saving.interval()
            var session = try ForecastSession(resuming: place.training)
            presence = try place.enter()
            for note in try session.restore(from: place.store) {
                talk.talk("note: " + SafeText.terminal(note))
            }
            Interruption.install()
            talk.talk("Going on after step \(session.step) of \(session.recipe.steps)")
            self.session = session
        }

        /// Trains to the end and writes the model.
        mutating func train() throws {
            guard var session, !run.prepareOnly else { return }
            let observer = ProgressObserver(isQuiet: talk.quiet)
            let log = try MetricsLog(
                place.metrics, every: max(1, session.recipe.steps / 1000), after: session.step)
            let events = try eventLog(session)
            let profile = TrainingProfile()
            do {
                try session.run(
                    observers: [observer, log, profile] + (events.map { [$0] } ?? []), interrupt: Interruption.flag,
                    store: place.store, saveInterval: run.saving.interval())
            } catch var error as RecurrentError {
                observer.reporter.finish()
                events?.finish(succeeded: error.category == .interrupted ? nil : false)
                if error.category == .interrupted { error.help = place.resumeLine }
                throw error
            }
            observer.reporter.finish()
            Interruption.endAtOnce(
                saying:
                    "\nrecurrent: stopped after the training\n  why:  the run was saved\n  help: \(place.resumeLine)\n")
            if run.profile {
                talk.talk("Where the time of \(profile.steps) updates went:")
                for line in profile.lines { talk.talk(line) }
            }
            if let failure = log.failure {
                talk.talk("note: metrics.jsonl is incomplete: \(SafeText.terminal(failure.what))")
            }
            let forecaster = session.forecaster()
            if let events {
                forecaster.describe(in: events)
                events.finish()
                if let failure = events.failure {
                    talk.talk("note: the event file is incomplete: \(SafeText.terminal(failure.what))")
                }
            }
            try forecaster.save(to: folder, replacing: true)
            self.session = session
            self.forecaster = forecaster
        }

        /// The event file of this part of the run, unless it is not wanted.
        private func eventLog(_ session: ForecastSession) throws -> TensorBoardLog? {
            guard run.saving.writesEvents else { return nil }
            let log = try TensorBoardLog(folder: place.events, steps: session.recipe.steps, after: session.step)
            session.describe(in: log, command: RunFolder.command)
            return log
        }

        // MARK: - What is shown

        private func describe(_ session: ForecastSession) {
            guard let report = session.data.report else { return }
            for line in report.lines { talk.talk("  " + SafeText.terminal(line)) }
            let season =
                session.season.wasFound
                ? "season of \(session.season.length) periods"
                : "no season found: the seasonal naive forecast equals the naive one"
            let recipe = session.recipe
            let cell = recipe.cell == ForecastRecipe.standardCell ? "" : " of \(recipe.cell)"
            talk.talk("  " + season)
            talk.talk(
                "  forecasting \(recipe.horizon) periods from the last \(recipe.lookback); "
                    + "\(recipe.members) networks of \(recipe.hiddenSize) units\(cell), \(recipe.steps) step\(recipe.steps == 1 ? "" : "s")"
            )
            for note in session.notes { talk.talk("note: " + SafeText.terminal(note)) }
        }

        /// The forecast with chart and table, and the files beside the model.
        func showForecast() throws {
            guard let session, let forecaster else { return }
            let forecasts = try forecaster.forecasts()
            let system = FileSystem()
            try system.write(try Forecast.csv(forecasts), to: folder + "/forecast.csv")
            let chart = forecaster.chart(forecasts, after: forecaster.context)
            try system.write(chart.svg(), to: folder + "/forecast.svg")
            if talk.json { return try Console.show(json(forecasts, session, forecaster).text()) }
            try showBacktest(forecaster)
            let style = Console.style(STDOUT_FILENO)
            try Console.show(
                "\n"
                    + forecaster.chart(forecasts, after: forecaster.context, limit: 3)
                    .terminal(width: min(Console.width, 100), height: 16, style: style))
            if let first = forecasts.first { try Console.show("\n" + table(first).text(style)) }
            if forecasts.count > 1 { try Console.show("… and \(forecasts.count - 1) more series in forecast.csv") }
            let name = SafeText.terminal(folder)
            try Console.show("\nmodel     \(name)\nforecast  \(name)/forecast.csv\nchart     \(name)/forecast.svg")
        }

        /// What was trained and how good it is.
        func showTraining() throws {
            guard let session, let forecaster else { return }
            if talk.json { return try Console.show(json([], session, forecaster).text()) }
            try showBacktest(forecaster)
            try Console.show("\nmodel     " + SafeText.terminal(folder))
        }

        private func showBacktest(_ forecaster: Forecaster) throws {
            guard let backtest = forecaster.backtest else { return }
            try Console.show(
                BacktestTable.text(backtest, horizon: forecaster.recipe.horizon, style: Console.style(STDOUT_FILENO)))
        }

        private func table(_ forecast: Forecast) -> TextTable {
            var table = TextTable(columns: [.left("period"), .right("median"), .right("10 %"), .right("90 %")])
            let band = forecast.band(0.8)
            let shown = min(forecast.mean.count, 24)
            for h in 0..<shown {
                let numbers = [forecast.median[h], band.lower[h], band.upper[h]].map {
                    NumberText.compact($0, digits: 5)
                }
                table.add([.init(forecast.stampTexts[h])] + numbers.map { .init($0) })
            }
            return table
        }

        private func json(
            _ forecasts: [Forecast], _ session: ForecastSession, _ forecaster: Forecaster
        ) -> JSON {
            [
                "task": "forecast", "frequency": .string(session.data.frequency.description),
                "season": JSON(session.recipe.season), "series": .array(forecasts.map(\.json)),
                "backtest": forecaster.backtest?.json ?? .null,
                "seconds": JSON(((Console.now - started) * 1000).rounded() / 1000), "model": .string(folder),
            ]
        }

        // MARK: - Folders

        /// A folder that does not exist yet, named after the file.
        private func freshFolder(for file: String) throws -> String {
            let name = file == "-" ? "series" : String(file.split(separator: "/").last ?? "series")
            let stem = name.hasSuffix(".csv") ? String(name.dropLast(4)) : name
            let system = FileSystem()
            for number in 1...9999 {
                let candidate = stem + "-forecast" + (number == 1 ? "" : "-\(number)")
                if !system.exists(candidate) { return candidate }
            }
            throw RecurrentError(
                .inputOutput, "there are too many folders named \(stem)-forecast", help: "name one with --out")
        }

        /// Refuses to write over the table that is read.
        private func protect(_ file: String) throws {
            guard let out = run.out, file != "-" else { return }
            let names = ["forecast.csv", "context.csv", "training/data.csv"]
            guard let written = names.map({ out + "/" + $0 }).first(where: { FilePath.isSame($0, file) }) else {
                return
            }
            throw RecurrentError(
                .usage, "the table would be overwritten by \(written)", at: file, help: "choose another --out")
        }

        private func positive(_ value: Int?, _ option: String) throws -> Int? {
            guard let value, value < 1 else { return value }
            throw RecurrentError(.usage, "\(value) is too small; at least 1 is needed", at: option)
        }

        /// The cell that is asked for.
        private func cell() throws -> String {
            let name = run.cell ?? ForecastRecipe.standardCell
            do {
                return try CellCatalog.entry(named: name).name
            } catch {
                throw RecurrentError(error.category, error.what, at: "--cell", why: error.why, help: error.help)
            }
        }
    }

    /// The scores of a backtest as a table, with the verdict.
    enum BacktestTable {
        static func text(_ report: BacktestReport, horizon: Int, style: TerminalStyle) -> String {
            var table = TextTable(columns: [
                .left("method"), .right("MASE"), .right("sMAPE"), .right("MAE"), .right("RMSE"), .right("RMSSE"),
                .right("WQL"), .right("in 80 % band"),
            ])
            let none = style.unicode ? "–" : "-"
            let names = ["model": "Model", "naive": "Naive", "seasonal_naive": "Seasonal Naive", "drift": "Drift"]
            let best = report.methods.map(\.scores.mase).filter(\.isFinite).min()
            for (name, scores) in report.methods {
                let wql = scores.wql.map { NumberText.compact($0, digits: 3) } ?? none
                let coverage = scores.coverage80.map { NumberText.fixed($0 * 100, 0) + " %" } ?? none
                table.add([
                    .init(names[name] ?? name), .init(NumberText.fixed(scores.mase, 3), isBest: scores.mase == best),
                    .init(NumberText.fixed(scores.smape, 2)), .init(NumberText.compact(scores.mae, digits: 4)),
                    .init(NumberText.compact(scores.rmse, digits: 4)), .init(NumberText.fixed(scores.rmsse, 3)),
                    .init(wql), .init(coverage),
                ])
            }
            let series = report.seriesCount == 1 ? "" : " over \(report.seriesCount) series"
            return
                "Backtest: \(report.windowCount) forecasts of \(horizon) periods\(series), on data that the judged model had not "
                + "seen\n\n" + table.text(style) + "\n" + report.verdict
        }
    }
#endif
