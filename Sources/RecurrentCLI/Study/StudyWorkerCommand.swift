#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentStudy
    import RecurrentTensor

    /// One of the processes of a study, which `compare` starts: takes up one training after another. Not for people.
    struct StudyWorkerCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "study-worker", abstract: "Work at a study.", shouldDisplay: false)

        @Argument var folder: String
        @Option var parent: Int32

        func run() throws {
            TrialWatch.parent = parent
            // A training for each processor leaves nothing for threads.
            ComputePool.threadCount = 1
            Interruption.install()
            try StudyTasks.work(StudyFolder(folder), interrupt: Interruption.flag)
        }
    }
#endif
