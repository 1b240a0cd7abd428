#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTasks
    import RecurrentTensor

    /// What `resume`, `evaluate` and `predict` do depends on the task that a folder names: one line a task here.
    enum TaskDispatch {
        /// The task of a model folder: that of its run, where that has not come to its end.
        static func task(of folder: String) throws -> String {
            let system = FileSystem()
            if !system.exists(folder + "/manifest.json"), system.exists(folder + "/training/" + TaskRun.fileName) {
                return try TaskRun.task(in: folder + "/training")
            }
            return try ModelFolder.task(of: folder)
        }

        /// Goes on with the run of a folder to its end.
        static func resume(_ folder: String, _ watching: WatchOptions, _ talk: TalkOptions) throws {
            switch try TaskRun.task(in: folder + "/training") {
            case LanguageTask.name:
                var job = try TrainingJob<LanguageTask>.resume(folder, watching, talk)
                try job.run()
            case TaggingTask.name:
                var job = try TrainingJob<TaggingTask>.resume(folder, watching, talk)
                try job.run()
            case RecordTagTask.name:
                var job = try TrainingJob<RecordTagTask>.resume(folder, watching, talk)
                try job.run()
            case RemainingLifeTask.name:
                var job = try TrainingJob<RemainingLifeTask>.resume(folder, watching, talk)
                try job.run()
            case ClipTask.name:
                var job = try TrainingJob<ClipTask>.resume(folder, watching, talk)
                try job.run()
            case ClassifyTask.name:
                var job = try TrainingJob<ClassifyTask>.resume(folder, watching, talk)
                try job.run()
            case SignalClassifier.taskName:
                var job = try TrainingJob<SignalTask<SignalClassifier>>.resume(folder, watching, talk)
                try job.run()
            case SignalRegressor.taskName:
                var job = try TrainingJob<SignalTask<SignalRegressor>>.resume(folder, watching, talk)
                try job.run()
            case TranslationTask.name:
                var job = try TrainingJob<TranslationTask>.resume(folder, watching, talk)
                try job.run()
            case TranscribeTask.name:
                var job = try TrainingJob<TranscribeTask>.resume(folder, watching, talk)
                try job.run()
            case let other:
                throw RecurrentError(
                    .badModel, "this run is of the task '\(other)', which this program does not know", at: folder,
                    help: "use the program that began the run, or a newer one")
            }
        }
    }
#endif
