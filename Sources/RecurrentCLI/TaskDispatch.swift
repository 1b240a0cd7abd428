#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentSearch
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
            case LanguageTask.name: try goOn(LanguageTask.self, folder, watching, talk)
            case TaggingTask.name: try goOn(TaggingTask.self, folder, watching, talk)
            case RecordTagTask.name: try goOn(RecordTagTask.self, folder, watching, talk)
            case RemainingLifeTask.name: try goOn(RemainingLifeTask.self, folder, watching, talk)
            case ClipTask.name: try goOn(ClipTask.self, folder, watching, talk)
            case ClassifyTask.name: try goOn(ClassifyTask.self, folder, watching, talk)
            case SignalClassifier.taskName: try goOn(SignalTask<SignalClassifier>.self, folder, watching, talk)
            case SignalRegressor.taskName: try goOn(SignalTask<SignalRegressor>.self, folder, watching, talk)
            case TranslationTask.name: try goOn(TranslationTask.self, folder, watching, talk)
            case TranscribeTask.name: try goOn(TranscribeTask.self, folder, watching, talk)
            case MusicTask.name: try goOn(MusicTask.self, folder, watching, talk)
            case EvolvedPolicy.taskName:
                var job = try EvolutionJob.resume(folder, watching.saving, talk)
                try job.run()
            case PolicyTask.name:
                try ReinforceJob(folder: RunFolder(path: folder), watching.saving, talk).resume(nil)
            case let other:
                throw RecurrentError(
                    .badModel, "this run is of the task '\(other)', which this program does not know", at: folder,
                    help: "use the program that began the run, or a newer one")
            }
        }

        private static func goOn<Task: TrainingTask>(
            _ task: Task.Type, _ folder: String, _ watching: WatchOptions, _ talk: TalkOptions
        ) throws {
            var job = try TrainingJob<Task>.resume(folder, watching, talk)
            try job.run()
        }
    }
#endif
