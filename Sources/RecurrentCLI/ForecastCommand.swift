#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentStudy
    import RecurrentTasks

    /// One command from a table to a judged forecast.
    struct ForecastCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "forecast",
            abstract: "Train on a table, judge the method on its last part, forecast what follows.",
            discussion: """
                The table is a CSV file with a column of time stamps and one or several columns of numbers, or in long form \
                (unique_id, ds, y). What it holds is found from the file. The folder that is written holds the model, \
                forecast.csv and forecast.svg.

                  recurrent forecast sunspots.csv --horizon 11
                  recurrent forecast load.csv --target kw --horizon 48 --json
                """)

        @Argument(help: "The CSV file; - for standard input.")
        var file: String

        @OptionGroup(title: "Reading") var data: DataOptions
        @OptionGroup(title: "Run") var settings: RunOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            var job = ForecastJob(run: settings, talk: talk)
            try job.start(file: file, data: data)
            try job.train()
            try job.showForecast()
        }
    }

    /// Training without a forecast at the end, for a model that is used later.
    struct TrainCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "train", abstract: "Train a model and keep it in a folder.",
            subcommands: [
                TrainForecast.self, TrainLanguage.self, TrainClassify.self, TrainRegress.self, TrainTag.self,
                TrainTranslate.self, TrainTranscribe.self, TrainMusic.self,
            ])

        struct TrainForecast: ParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "forecast", abstract: "Train a forecaster on a table.",
                discussion: "  recurrent train forecast load.csv --horizon 24 --out model/")

            @Argument(help: "The CSV file; - for standard input.")
            var file: String

            @OptionGroup(title: "Reading") var data: DataOptions
            @OptionGroup(title: "Run") var settings: RunOptions
            @OptionGroup(title: "Talk") var talk: TalkOptions

            func run() throws {
                try talk.apply()
                var job = ForecastJob(run: settings, talk: talk)
                try job.start(file: file, data: data)
                try job.train()
                try job.showTraining()
            }
        }
    }

    /// Goes on with a run that was stopped.
    struct ResumeCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Go on with a run that was interrupted or killed, from its last checkpoint.",
            discussion: "The result has the same bits as that of an undisturbed run.\n\n  recurrent resume model/")

        @Argument(help: "The folder of the run.")
        var folder: String

        @OptionGroup(title: "Run") var watching: WatchOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        func run() throws {
            try talk.apply()
            let folder = self.folder.isEmpty ? "." : self.folder
            if StudyFolder(folder).isStudy { return try StudyJob(StudyFolder(folder), talk).run() }
            guard try TaskRun.task(in: folder + "/training") == "forecast" else {
                return try TaskDispatch.resume(folder, watching, talk)
            }
            var settings = try RunOptions.parse([])
            settings.out = folder
            settings.force = true
            settings.saving = watching.saving
            settings.profile = watching.profile
            var job = ForecastJob(run: settings, talk: talk)
            try job.resume()
            try job.train()
            try job.showForecast()
        }
    }
#endif
