#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentTensor
    import TOMLKit

    /// Options from a TOML file, under the names of the command line's long options; the command line wins.
    enum ConfigFile {
        /// The options of a command, as one value that a file can fill in.
        struct Settings {
            var data: DataOptions
            var run: RunOptions
            var talk: TalkOptions
        }

        private typealias Setter = @Sendable (_ entry: Entry, _ settings: inout Settings) throws -> Void

        /// What each key does.
        private static let setters: [(key: String, set: Setter)] = [
            ("horizon", { $1.run.horizon = try $1.run.horizon ?? $0.int() }),
            ("target", { if $1.data.target.isEmpty { $1.data.target = try $0.strings() } }),
            ("time", { $1.data.time = try $1.data.time ?? $0.string() }),
            ("id", { if $1.data.id.isEmpty { $1.data.id = try $0.strings() } }),
            ("known", { if $1.data.known.isEmpty { $1.data.known = try $0.strings() } }),
            ("past", { if $1.data.past.isEmpty { $1.data.past = try $0.strings() } }),
            ("frequency", { $1.data.frequency = try $1.data.frequency ?? $0.string() }),
            ("layout", { $1.data.layout = try $1.data.layout ?? $0.string() }),
            ("decimal", { $1.data.decimal = try $1.data.decimal ?? $0.string() }),
            ("day-first", { $1.data.dayFirst = try $0.bool() || $1.data.dayFirst }),
            ("out", { $1.run.out = try $1.run.out ?? $0.string() }),
            ("force", { $1.run.force = try $0.bool() || $1.run.force }),
            ("seed", { $1.run.seed = try $1.run.seed ?? $0.unsigned() }),
            ("epochs", { $1.run.epochs = try $1.run.epochs ?? $0.int() }),
            ("season", { $1.run.season = try $1.run.season ?? $0.int() }),
            ("cell", { $1.run.cell = try $1.run.cell ?? $0.string() }),
            ("calendar", { $1.run.calendar = try $0.bool() || $1.run.calendar }),
            ("backtest", { $1.run.backtest = try $1.run.backtest ?? $0.bool() }),
            ("save-every", { $1.run.saving.saveEvery = try $1.run.saving.saveEvery ?? $0.double() }),
            ("profile", { $1.run.profile = try $0.bool() || $1.run.profile }),
            ("tensorboard", { $1.run.saving.tensorboard = try $1.run.saving.tensorboard ?? $0.bool() }),
            ("threads", { $1.talk.threads = try $1.talk.threads ?? $0.int() }),
            ("quiet", { $1.talk.quiet = try $0.bool() || $1.talk.quiet }),
            ("json", { $1.talk.json = try $0.bool() || $1.talk.json }),
        ]

        /// The options with those of the file that `--config` names filled in.
        ///
        /// - Throws: `RecurrentError` of category `usage` with file and line.
        static func merged(
            _ data: DataOptions, _ run: RunOptions, _ talk: TalkOptions
        ) throws -> (DataOptions, RunOptions, TalkOptions) {
            guard let path = run.config else { return (data, run, talk) }
            var settings = Settings(data: data, run: run, talk: talk)
            for entry in try entries(of: path) {
                guard let setter = setters.first(where: { $0.key == entry.key }) else {
                    throw RecurrentError(
                        .usage, "there is no option '\(entry.key)'", at: entry.place,
                        help: Spelling.help(for: entry.key, in: setters.map(\.key)))
                }
                try setter.set(entry, &settings)
            }
            return (settings.data, settings.run, settings.talk)
        }

        /// A key of the file with its value.
        private struct Entry {
            let key: String
            let place: String
            let value: (any TOMLValueConvertible)?

            func string() throws -> String { try required(value?.string, "a text in quotes") }
            func int() throws -> Int { try required(value?.int, "a whole number") }
            func bool() throws -> Bool { try required(value?.bool, "true or false") }
            func double() throws -> Double { try required(value?.double ?? value?.int.map(Double.init), "a number") }
            func unsigned() throws -> UInt64 {
                try required(value?.int.flatMap { UInt64(exactly: $0) }, "a whole number that is not negative")
            }

            func strings() throws -> [String] {
                if let text = value?.string { return [text] }
                let array = try required(value?.array, "a text or a list of texts")
                return try array.map { try required($0.string, "a text or a list of texts") }
            }

            private func required<T>(_ value: T?, _ expected: String) throws -> T {
                guard let value else { throw RecurrentError(.usage, "'\(key)' needs \(expected)", at: place) }
                return value
            }
        }

        // MARK: - Commands of `train` beside forecast

        /// The arguments with those of the file that `--config` names put behind them, where they do not stand there already.
        ///
        /// What a command knows comes from its own options, so that a new option needs no line here.
        ///
        /// - Throws: `RecurrentError` of category `usage` with file and line.
        static func expanded(_ arguments: [String]) throws -> [String] {
            guard arguments.count > 2, arguments[0] == TrainCommand.configuration.commandName,
                let command = TrainCommand.configuration.subcommands.first(where: {
                    $0.configuration.commandName == arguments[1] && $0 != TrainCommand.TrainForecast.self
                }), let path = value(of: "--config", in: arguments)
            else { return arguments }
            let known = try options(of: command)
            var expanded = arguments
            for entry in try entries(of: path) {
                guard let option = known.first(where: { $0.name == entry.key }), entry.key != "config" else {
                    throw RecurrentError(
                        .usage, "there is no option '\(entry.key)'", at: entry.place,
                        help: Spelling.help(for: entry.key, in: known.map(\.name).filter { $0 != "config" }))
                }
                let isGiven = arguments.contains {
                    $0 == "--" + entry.key || $0 == "--no-" + entry.key || $0.hasPrefix("--\(entry.key)=")
                }
                if !isGiven { expanded += try words(entry, option) }
            }
            return expanded
        }

        /// An entry as it would be typed.
        private static func words(_ entry: Entry, _ option: Option) throws -> [String] {
            if option.isFlag {
                if try entry.bool() { return ["--" + entry.key] }
                return option.canBeUndone ? ["--no-" + entry.key] : []
            }
            if let number = entry.value?.int { return ["--\(entry.key)=\(number)"] }
            if let number = entry.value?.double { return ["--\(entry.key)=\(number)"] }
            let texts = try entry.strings()
            guard texts.count == 1 || option.isRepeating else {
                throw RecurrentError(.usage, "'\(entry.key)' needs one value, not a list", at: entry.place)
            }
            return texts.map { "--\(entry.key)=\($0)" }
        }

        /// An option of a command.
        private struct Option {
            var name: String
            var isFlag: Bool
            var canBeUndone: Bool
            var isRepeating: Bool
        }

        private static func options(of command: any ParsableCommand.Type) throws -> [Option] {
            let json = try JSON(parsing: Array(command._dumpHelp().utf8), from: "options", category: .failure)
            return (json["command"]?["arguments"]?.arrayValue ?? []).flatMap { argument -> [Option] in
                let names = (argument["names"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue == "long" }
                    .compactMap { $0["name"]?.stringValue }
                return names.filter { !$0.hasPrefix("no-") && $0 != "help" && $0 != "version" }.map { name in
                    Option(
                        name: name, isFlag: argument["kind"]?.stringValue == "flag",
                        canBeUndone: names.contains("no-" + name),
                        isRepeating: argument["isRepeating"]?.boolValue ?? false)
                }
            }
        }

        private static func value(of option: String, in arguments: [String]) -> String? {
            if let joined = arguments.first(where: { $0.hasPrefix(option + "=") }) {
                return String(joined.dropFirst(option.count + 1))
            }
            guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
            return arguments[index + 1]
        }

        private static func entries(of path: String) throws -> [Entry] {
            let text = String(decoding: try FileSystem().read(path, maximumBytes: 1 << 20), as: UTF8.self)
            let table: TOMLTable
            do {
                table = try TOMLTable(string: text)
            } catch let error as TOMLParseError {
                let start = error.source.begin
                throw RecurrentError(
                    .usage, "this is not TOML: \(error.description)", at: "\(path):\(start.line):\(start.column)")
            }
            return table.keys.map { raw in
                Entry(
                    key: String(raw.map { $0 == "_" ? "-" : $0 }), place: "\(path):\(line(of: raw, in: text))",
                    value: table[raw])
            }
        }

        /// The line on which a key stands.
        private static func line(of key: String, in text: String) -> Int {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let index = lines.firstIndex { line in
                let start = line.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
                let rest = start.dropFirst(key.count).first
                return start.hasPrefix(key) && start.contains("=")
                    && !(rest.map { $0.isLetter || $0 == "-" || $0 == "_" } ?? false)
            }
            return (index ?? 0) + 1
        }
    }
#endif
