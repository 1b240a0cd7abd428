#if CLI
    import RecurrentCharts
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

    /// Scores that can be shown.
    protocol ShownReport {
        func lines(_ style: TerminalStyle) -> [String]
        var json: JSON { get }
    }

    extension ClassificationReport: ShownReport {}
    extension RegressionReport: ShownReport {}
    extension RecordTagReport: ShownReport {}

    /// What `evaluate` shows of files that are judged one by one.
    enum JudgedFiles {
        /// - Parameters:
        ///   - picture: the picture of a file's scores, wanted by `--plot`; nil where there is none.
        ///   - judge: the scores of a file.
        static func show<Report: ShownReport>(
            _ files: [String], task: String, model folder: String, plot: String?, _ talk: TalkOptions,
            picture: (_ file: String, Report) throws -> String?, judge: (_ file: String) throws -> Report
        ) throws {
            if plot != nil, files.count > 1 {
                throw RecurrentError(.usage, "one picture cannot show \(files.count) files", at: "--plot")
            }
            var all: [JSON] = []
            for file in files {
                let report = try judge(file)
                if let plot, let svg = try picture(file, report) {
                    try FileSystem().write(svg, to: plot)
                    talk.talk("wrote " + SafeText.terminal(plot))
                }
                guard talk.json else {
                    if files.count > 1 { try Console.show(SafeText.terminal(file)) }
                    for line in report.lines(Console.style(STDOUT_FILENO)) { try Console.show(line) }
                    continue
                }
                guard case .object(var object) = report.json else { continue }
                object["file"] = .string(file)
                all.append(.object(object))
            }
            guard talk.json else { return }
            let object: JSON = ["task": .string(task), "model": .string(folder), "files": .array(all)]
            try Console.show(object.text())
        }
    }
#endif
