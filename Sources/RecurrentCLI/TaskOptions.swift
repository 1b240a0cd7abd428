#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentNN
    import RecurrentTensor

    /// How a `train` command runs, whatever the task.
    struct TaskRunOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The folder to write the model into.", valueName: "folder"))
        var out: String?

        @Flag(help: "Replace the model that is in the folder.")
        var force = false

        @Option(
            help: ArgumentHelp(
                "The seed of everything random. Default: 0. The same seed gives the same bits.", valueName: "number"))
        var seed: UInt64 = 0

        @Option(
            help: ArgumentHelp("The number of passes over the data. Default: found from the data.", valueName: "number")
        )
        var epochs: Int?

        @Option(
            help: ArgumentHelp("A TOML file with any of these options; the command line wins.", valueName: "file"))
        var config: String?

        @Flag(help: ArgumentHelp("Prepare the data and stop there, for studies.", visibility: .hidden))
        var prepareOnly = false

        @OptionGroup var watching: WatchOptions
    }

    /// How a run is watched and kept, also when it goes on.
    struct WatchOptions: ParsableArguments {
        @Flag(help: "Say after training where the time of the updates went, and the peak of the memory.")
        var profile = false

        @OptionGroup var saving: SavingOptions
    }

    /// How often a run is saved, and whether TensorBoard can watch it.
    struct SavingOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Seconds between checkpoints. Default: 10.", valueName: "seconds"))
        var saveEvery: Double?

        @Flag(
            inversion: .prefixedNo,
            help: "Write event files for TensorBoard into training/events in the folder. Default: on.")
        var tensorboard: Bool?

        /// The seconds between checkpoints.
        func interval() throws(RecurrentError) -> Double {
            guard let saveEvery else { return 10 }
            guard saveEvery >= 0, saveEvery <= 1e6 else {
                throw RecurrentError(
                    .usage, "\(saveEvery) seconds between checkpoints; 0 to 1000000 are possible", at: "--save-every")
            }
            return saveEvery
        }

        /// Whether event files are written.
        var writesEvents: Bool { tensorboard ?? true }
    }

    /// Checks of what was typed, with the name of the option in the error.
    enum Given {
        /// A number within a range.
        static func number<N: Comparable>(
            _ value: N?, in range: ClosedRange<N>, _ option: String
        ) throws(RecurrentError) -> N? {
            guard let value, !range.contains(value) else { return value }
            throw RecurrentError(
                .usage, "\(value) is out of range; \(range.lowerBound) to \(range.upperBound) are possible", at: option)
        }

        /// The name of a cell of the catalogue.
        static func cell(_ name: String?, standard: String) throws(RecurrentError) -> String {
            guard let name else { return standard }
            do {
                return try CellCatalog.entry(named: name).name
            } catch {
                throw RecurrentError(error.category, error.what, at: "--cell", why: error.why, help: error.help)
            }
        }

        /// Rising ranks with commas between them.
        static func cutoffs(_ text: String) throws(RecurrentError) -> [Int] {
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            let known = numbers.compactMap { $0 }
            guard known.count == numbers.count, zip([0] + known, known).allSatisfy({ $0 < $1 }) else {
                throw RecurrentError(
                    .usage, "'\(text)' are no rising ranks", at: "--adaptive", help: "such as --adaptive 2000,10000")
            }
            return known
        }

        /// One of a few words.
        static func choice<Choice: RawRepresentable & CaseIterable>(
            _ word: String?, _ option: String
        ) throws(RecurrentError) -> Choice? where Choice.RawValue == String {
            guard let word else { return nil }
            guard let found = Choice(rawValue: word) else {
                throw RecurrentError(
                    .usage, "there is no '\(word)' here", at: option,
                    help: Spelling.help(for: word, in: Choice.allCases.map(\.rawValue)))
            }
            return found
        }
    }
#endif
