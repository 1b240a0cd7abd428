#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentTensor
    import TOMLKit

    /// Options from a TOML file, under the names of the command line's long options; the command line wins.
    enum ConfigFile {
        static let keys = [
            "horizon", "target", "time", "id", "known", "past", "frequency", "layout", "decimal", "day-first", "out",
            "force", "seed", "epochs",
            "season", "calendar", "backtest", "threads", "quiet", "json", "save-every",
        ]

        static func merged(
            _ data: DataOptions, _ run: RunOptions, _ talk: TalkOptions
        ) throws -> (DataOptions, RunOptions, TalkOptions) {
            var (data, run, talk) = (data, run, talk)
            guard let path = run.config else { return (data, run, talk) }
            let bytes = try FileSystem().read(path, maximumBytes: 1 << 20)
            let text = String(decoding: bytes, as: UTF8.self)
            let table: TOMLTable
            do {
                table = try TOMLTable(string: text)
            } catch let error as TOMLParseError {
                throw RecurrentError(
                    .usage, "this is not TOML: \(error.description)",
                    at: "\(path):\(error.source.begin.line):\(error.source.begin.column)")
            }
            for raw in table.keys {
                let key = String(raw.map { $0 == "_" ? "-" : $0 })
                let place = "\(path):\(line(of: raw, in: text))"
                guard keys.contains(key) else {
                    throw RecurrentError(
                        .usage, "there is no option '\(raw)'", at: place, help: Spelling.help(for: key, in: keys))
                }
                func fail(_ expected: String) -> RecurrentError {
                    RecurrentError(.usage, "'\(raw)' needs \(expected)", at: place)
                }
                func string() throws -> String {
                    guard let value = table[raw]?.string else { throw fail("a text in quotes") }
                    return value
                }
                func strings() throws -> [String] {
                    if let value = table[raw]?.string { return [value] }
                    guard let array = table[raw]?.array else { throw fail("a text or a list of texts") }
                    return try array.map { element in
                        guard let value = element.string else { throw fail("a text or a list of texts") }
                        return value
                    }
                }
                func int() throws -> Int {
                    guard let value = table[raw]?.int else { throw fail("a whole number") }
                    return value
                }
                func bool() throws -> Bool {
                    guard let value = table[raw]?.bool else { throw fail("true or false") }
                    return value
                }
                switch key {
                case "horizon": run.horizon = try run.horizon ?? int()
                case "target": if data.target.isEmpty { data.target = try strings() }
                case "time": data.time = try data.time ?? string()
                case "id": if data.id.isEmpty { data.id = try strings() }
                case "decimal": data.decimal = try data.decimal ?? string()
                case "day-first": data.dayFirst = try bool() || data.dayFirst
                case "known": if data.known.isEmpty { data.known = try strings() }
                case "past": if data.past.isEmpty { data.past = try strings() }
                case "frequency": data.frequency = try data.frequency ?? string()
                case "layout": data.layout = try data.layout ?? string()
                case "out": run.out = try run.out ?? string()
                case "force": run.force = try bool() || run.force
                case "seed":
                    guard let seed = UInt64(exactly: try int()) else { throw fail("a number that is not negative") }
                    run.seed = run.seed ?? seed
                case "epochs": run.epochs = try run.epochs ?? int()
                case "season": run.season = try run.season ?? int()
                case "calendar": run.calendar = try bool() || run.calendar
                case "backtest": run.backtest = try run.backtest ?? bool()
                case "threads": talk.threads = try talk.threads ?? int()
                case "quiet": talk.quiet = try bool() || talk.quiet
                case "json": talk.json = try bool() || talk.json
                default:
                    guard let value = table[raw]?.double ?? table[raw]?.int.map(Double.init) else {
                        throw fail("a number of seconds")
                    }
                    run.saveEvery = run.saveEvery ?? value
                }
            }
            return (data, run, talk)
        }

        /// The line on which a key stands.
        private static func line(of key: String, in text: String) -> Int {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let index = lines.firstIndex { line in
                let start = line.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
                return start.hasPrefix(key) && start.contains("=")
            }
            return (index ?? 0) + 1
        }
    }
#endif
