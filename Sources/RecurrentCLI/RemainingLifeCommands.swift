#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentData
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// How the life of units is learnt, for `train regress --remaining-life`.
    struct RemainingLifeTraining: ParsableArguments {
        @Flag(help: "Learn how much life each unit has left at each step of a table of unit, time and sensors.")
        var remainingLife = false
        @Option(
            help: ArgumentHelp(
                "Life: the column of the units, by name or number. Default: the first.",
                valueName: "column"))
        var unit: String?
        @Option(
            help: ArgumentHelp(
                "Life: a column that is 0 in the last row of units that had not failed when they were last seen. "
                    + "Default: all failed.", valueName: "column"))
        var failed: String?
        @Option(
            help: ArgumentHelp(
                "Life: the greatest life that is told; before, wear does not show. Default: none.",
                valueName: "time"))
        var cap: Double?
        @Option(
            help: ArgumentHelp(
                "Life: read a running mean that forgets over so many steps beside each value; repeatable, 0: none. "
                    + "Default: a twentieth and a fifth of a usual life.", valueName: "steps"))
        var smooth: [Double] = []
        @Flag(inversion: .prefixedNo, help: "Life: read the time since the unit's first step. Default: on.")
        var age: Bool?

        func reading(time: String?) -> UnitTableOptions {
            var reading = UnitTableOptions()
            (reading.unit, reading.time, reading.failed) = (unit, time, failed)
            return reading
        }

        /// Changes of the recipe.
        func adjustment() throws -> @Sendable (inout RemainingLifeRecipe) -> Void {
            for span in smooth { _ = try Given.number(span, in: 0...1e6, "--smooth") }
            let spans = smooth.isEmpty ? nil : smooth.filter { $0 >= 1 }
            let age = age
            return { recipe in
                recipe.smoothing = spans ?? recipe.smoothing
                recipe.readsAge = age ?? recipe.readsAge
            }
        }
    }

    /// Models of remaining life behind `train regress --remaining-life`, `info`, `evaluate` and `predict`.
    enum RemainingLifeCommands {
        /// Trains a model on a table.
        static func train(
            _ file: String, _ life: RemainingLifeTraining, time: String?, options: RemainingLifeOptions,
            _ settings: TaskRunOptions,
            _ talk: TalkOptions
        ) throws {
            var options = options
            options.cap = try Given.number(life.cap, in: 1e-9...1e12, "--cap")
            options.epochs = try Given.number(settings.epochs, in: 1...1_000_000, "--epochs")
            options.seed = settings.seed
            let (own, before) = (try life.adjustment(), options.adjustRecipe)
            options.adjustRecipe = { recipe in
                own(&recipe)
                before?(&recipe)
            }
            let chosen = options
            talk.talk("Reading \(SafeText.terminal(file)) …")
            var job = try TrainingJob<RemainingLifeTask>.begin(settings, talk, inputs: [file]) { _ in
                try RemainingLifeTask(file: file, reading: life.reading(time: time), options: chosen)
            }
            try job.run()
        }

        /// Tells what the folder of a model holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try RemainingLifeModel(folder: folder)
            let recipe = model.recipe
            if talk.json {
                let object: JSON = [
                    "task": .string(RemainingLifeTask.name), "cap": recipe.cap.map { JSON($0) } ?? .null,
                    "members": JSON(recipe.members), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "weights": .string(model.weightFormat.rawValue),
                ]
                return try Console.show(object.text())
            }
            let lines = [
                "A model of the life that units have left",
                "  tells       "
                    + (recipe.cap.map { "lives up to \(NumberText.compact($0))" } ?? "lives of any length"),
                "  networks    \(recipe.members), each \(recipe.layers) LSTM layer\(recipe.layers == 1 ? "" : "s") of "
                    + "\(recipe.hiddenSize) units",
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(line) }
        }

        /// Judges a model on the ends of units whose lives stand in a second file; without one on units that failed, cut at ten
        /// steps of each.
        static func evaluate(
            _ folder: String, _ files: [String], life: String?, plot: String?, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: RemainingLifeModel(folder: folder))
            guard files.count == 1 else {
                throw RecurrentError(
                    .usage, "a model of remaining life is judged on one table, not on \(files.count)", at: files[1])
            }
            let table = try UnitTable(path: files[0], options: model.reading)
            let units = try life.map { try table.units(livesFrom: $0) } ?? table.units
            if let plot {
                try FileSystem().write(try model.picture(units, channels: table.channels).svg(), to: plot)
                talk.talk("wrote " + SafeText.terminal(plot))
            }
            let report = try model.evaluate(
                life == nil ? units.flatMap { $0.cuts(10) } : units, channels: table.channels)
            if talk.json {
                guard case .object(var object) = report.json else { return }
                object["task"] = .string(RemainingLifeTask.name)
                object["model"] = .string(folder)
                object["file"] = .string(files[0])
                return try Console.show(JSON.object(object).text())
            }
            var lines = [
                life == nil ? "\(report.units.count) cuts of \(units.count) units that failed" : "\(units.count) units",
                "RMSE        \(NumberText.fixed(report.rootMeanSquare, 2))",
            ]
            if let cap = report.cap {
                lines.append(
                    "  capped    \(NumberText.fixed(report.cappedRootMeanSquare, 2)), true lives above "
                        + "\(NumberText.compact(cap)) taken as that")
            }
            lines.append("MAE         \(NumberText.fixed(report.meanAbsolute, 2))")
            lines.append("NASA score  \(NumberText.fixed(report.score, 0))")
            for line in lines { try Console.show(line) }
        }

        /// Writes the life that is told at each step of each unit as CSV: unit, time, life.
        static func predict(
            _ folder: String, _ file: String?, out: String?, plot: String?, _ weights: WeightOptions,
            _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: RemainingLifeModel(folder: folder))
            guard let file else {
                throw RecurrentError(
                    .usage, "there is no unit to tell the life of", help: "name a table of unit, time and sensors")
            }
            let table = try UnitTable(path: file, options: model.reading)
            let lives = try model.lives(table.units, channels: table.channels)
            if let plot {
                let unknown = table.units.map {
                    UnitHistory(name: $0.name, times: $0.times, values: $0.values, lifeAtEnd: nil)
                }
                try FileSystem().write(try model.picture(unknown, channels: table.channels).svg(), to: plot)
                talk.talk("wrote " + SafeText.terminal(plot))
            }
            let writer = CSVWriter()
            if !talk.json { try writer.write(["unit", "time", "life"]) }
            var objects: [UInt8] = []
            func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
            for (unit, lives) in zip(table.units, lives) {
                if talk.json {
                    let object: JSON = [
                        "unit": .string(unit.name), "time": JSON(unit.times), "life": JSON(lives.map(rounded)),
                    ]
                    objects += object.bytes() + [0x0A]
                    continue
                }
                for (time, life) in zip(unit.times, lives) {
                    try writer.write([.text(unit.name), .number(time), .number(rounded(life))])
                }
            }
            let bytes = talk.json ? objects : writer.bytes
            guard let out else {
                let text = String(decoding: bytes, as: UTF8.self)
                return try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text, terminator: "")
            }
            try FileSystem().write(bytes, to: out)
            talk.talk("wrote " + SafeText.terminal(out))
        }
    }
#endif
