#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentTensor
    import TOMLKit

    /// Options from a TOML file, under the names of the command line's long options; the command line wins.
    ///
    /// What a command knows comes from its own options, so that a new option needs no line here.
    enum ConfigFile {
        /// What the command that runs was called with: what was typed, and what a file of options added.
        nonisolated(unsafe) private(set) static var words: [String] = []

        /// The command that was typed, with those options of the file that `--config` names that were not typed.
        ///
        /// - Throws: `RecurrentError` of category `usage` with file and line; the parser's own error for what was typed.
        static func command(_ arguments: [String]) throws -> any ParsableCommand {
            let (entries, words) = try entries(for: arguments)
            // Behind -- there are no options.
            let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
            // Written before a command runs, by the thread that runs it.
            self.words = arguments[..<end] + words + arguments[end...]
            do {
                return try RecurrentCommand.parseAsRoot(self.words)
            } catch {
                guard let entry = entries.first(where: { isRefused($0.key, self.words) }) else { throw error }
                let what =
                    expectation(of: entry, words: self.words).map { "needs \($0)" }
                    ?? "cannot be \(SafeText.terminal(entry.shown))"
                throw RecurrentError(.usage, "'\(entry.key)' \(what)", at: entry.place)
            }
        }

        /// Whether the parser refuses the value of an option.
        private static func isRefused(_ key: String, _ words: [String]) -> Bool {
            do {
                _ = try RecurrentCommand.parseAsRoot(words)
                return false
            } catch {
                return !RecurrentCommand.exitCode(for: error).isSuccess
                    && RecurrentCommand.message(for: error).contains("'--\(key) ")
            }
        }

        /// What an option takes whose value was refused: the parser does not tell, but takes one or the other in its place.
        private static func expectation(of entry: Entry, words: [String]) -> String? {
            let kinds = [
                ("0.5", "a number"), ("-1", "a whole number"), ("1", "a whole number that is not negative"),
            ]
            return kinds.first { example, _ in
                !isRefused(
                    entry.key, words.map { $0.hasPrefix("--\(entry.key)=") ? "--\(entry.key)=\(example)" : $0 })
            }?.1
        }

        /// A key of the file with its value.
        private struct Entry {
            let key: String
            let place: String
            let value: (any TOMLValueConvertible)?

            /// The value as a person reads it.
            var shown: String { value?.string.map { "'\($0)'" } ?? value.map { "\($0)" } ?? "" }

            func bool() throws -> Bool { try required(value?.bool, "true or false") }

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

        /// What the file says that was not typed, and the same as words of the command line.
        private static func entries(for arguments: [String]) throws -> (entries: [Entry], words: [String]) {
            let typed = Array(arguments.prefix { $0 != "--" })
            guard let path = value(of: "--config", in: typed), let command = command(named: typed) else {
                return ([], [])
            }
            let known = try options(of: command)
            guard known.contains(where: { $0.name == "config" }) else { return ([], []) }
            var (taken, words): ([Entry], [String]) = ([], [])
            for entry in try entries(of: path) {
                guard let option = known.first(where: { $0.name == entry.key }), entry.key != "config" else {
                    throw RecurrentError(
                        .usage, "there is no option '\(entry.key)'", at: entry.place,
                        help: Spelling.help(for: entry.key, in: known.map(\.name).filter { $0 != "config" }))
                }
                let isGiven = typed.contains {
                    $0 == "--" + entry.key || $0 == "--no-" + entry.key || $0.hasPrefix("--\(entry.key)=")
                }
                if isGiven { continue }
                words += try self.words(entry, option)
                taken.append(entry)
            }
            return (taken, words)
        }

        /// The command that the first words name.
        private static func command(named words: [String]) -> (any ParsableCommand.Type)? {
            var command: any ParsableCommand.Type = RecurrentCommand.self
            for word in words {
                guard
                    let next = command.configuration.subcommands.first(where: {
                        $0.configuration.commandName == word
                    })
                else { break }
                command = next
            }
            return command == RecurrentCommand.self ? nil : command
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
            // An empty text cannot stand behind the sign.
            return texts.flatMap { $0.isEmpty ? ["--" + entry.key, ""] : ["--\(entry.key)=\($0)"] }
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
            let named = (json["command"]?["arguments"]?.arrayValue ?? []).flatMap { argument in
                (argument["names"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue == "long" }
                    .compactMap { $0["name"]?.stringValue }.map { (name: $0, argument: argument) }
            }
            // The two sides of a switch stand there as two.
            let names = Set(named.map(\.name))
            return named.filter { name, _ in
                !["help", "version"].contains(name)
                    && !(name.hasPrefix("no-") && names.contains(String(name.dropFirst(3))))
            }.map { name, argument in
                Option(
                    name: name, isFlag: argument["kind"]?.stringValue == "flag",
                    canBeUndone: names.contains("no-" + name),
                    isRepeating: argument["isRepeating"]?.boolValue ?? false)
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
