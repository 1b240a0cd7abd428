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

    /// How a model of music writes.
    struct MusicGenerating: ParsableArguments {
        @Option(help: ArgumentHelp("Music: how the piece begins, a MIDI file.", valueName: "file"))
        var primer: String?
        @Option(
            help: ArgumentHelp("Music: take only so many frames of it. Default: all.", valueName: "number"))
        var primerFrames: Int?
        @Option(
            help: ArgumentHelp(
                "Music: so many notes at once at most, each in a track of its own. Default: as many as come.",
                valueName: "number"))
        var voices: Int?
        @Option(help: ArgumentHelp("Music: the beats of a minute. Default: the data's.", valueName: "number"))
        var tempo: Double?
        @Option(help: ArgumentHelp("Music: how long to write, in place of --tokens.", valueName: "seconds"))
        var seconds: Double?
        @Option(
            help: ArgumentHelp(
                "Music: the instrument, 0 to 127 of General MIDI. Default: 0, a piano.", valueName: "number"))
        var instrument: Int?
        @Option(
            help: ArgumentHelp(
                "Music: write into this file, by its ending MIDI (.mid), sound (.wav) or a picture (.svg); repeatable.",
                valueName: "file"))
        var out: [String] = []

        /// The first of these that was given.
        var given: String? {
            let all: [(String, Bool)] = [
                ("--primer", primer != nil), ("--primer-frames", primerFrames != nil), ("--voices", voices != nil),
                ("--tempo", tempo != nil), ("--seconds", seconds != nil), ("--instrument", instrument != nil),
                ("--out", !out.isEmpty),
            ]
            return all.first { $0.1 }?.0
        }
    }

    /// Models of music behind `evaluate`, `info` and `generate`.
    enum MusicCommands {
        static func evaluate(
            _ folder: String, _ files: [String], _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            let model = try weights.applied(to: MusicModel(folder: folder))
            let scores = try model.evaluate(files: files)
            if talk.json {
                guard case .object(var object) = scores.json else { return }
                object["task"] = .string(MusicTask.name)
                object["model"] = .string(folder)
                return try Console.show(JSON.object(object).text())
            }
            for line in scores.lines { try Console.show(line) }
        }

        /// What `predict` says, which is for answers.
        static func predict(_ folder: String) throws {
            throw RecurrentError(
                .usage, "this model writes music", at: folder,
                help: "recurrent generate \(SafeText.terminal(ShellWord.quoted(folder))) --out new.mid")
        }

        /// Tells what the folder of a model of music holds.
        static func info(_ folder: String, _ talk: TalkOptions) throws {
            let model = try MusicModel(folder: folder)
            let recipe = model.recipe
            if talk.json {
                var object: JSONObject = [
                    "task": .string(MusicTask.name), "layers": JSON(recipe.layers),
                    "hidden_size": JSON(recipe.hiddenSize), "frames_per_beat": JSON(model.timing.framesPerBeat),
                    "tempo": JSON(model.timing.tempo), "weights": .string(model.weightFormat.rawValue),
                ]
                for (key, value) in model.resultsJSON { object[key] = value }
                return try Console.show(JSON.object(object).text())
            }
            let timing = model.timing
            let frames =
                timing.isPerSecond
                ? "\(NumberText.compact(timing.framesPerSecond)) a second"
                : "\(NumberText.compact(timing.framesPerBeat)) a beat, "
                    + "\(NumberText.compact(timing.tempo)) beats a minute"
            let lines = [
                "A model of music", "  frames      \(frames)", "  network     \(recipe.description)",
                "  weights     \(model.weightFormat.shown)",
            ]
            for line in lines { try Console.show(SafeText.terminal(line)) }
            if !model.results.isEmpty { try Console.show("") }
            for line in model.results { try Console.show(SafeText.lines(line)) }
        }

        // MARK: - Writing

        static func generate(
            _ folder: String, _ options: MusicGenerating, tokens: Int?, temperature: Double?, seed: UInt64,
            _ weights: WeightOptions, _ talk: TalkOptions
        ) throws {
            var sampling = MusicSampling()
            sampling.temperature = try Given.number(temperature, in: 0...1e6, "--temperature") ?? 1
            sampling.voices = try Given.number(options.voices, in: 1...88, "--voices")
            sampling.seed = seed
            let instrument = try Given.number(options.instrument, in: 0...127, "--instrument") ?? 0
            let tempo = try Given.number(options.tempo, in: 4...1000, "--tempo")
            let cut = try Given.number(options.primerFrames, in: 1...1_000_000, "--primer-frames")
            for file in options.out where Form(of: file) == nil {
                throw RecurrentError(
                    .usage, "the ending says nothing about what to write", at: file, help: "use .mid, .wav or .svg")
            }
            let model = try weights.applied(to: MusicModel(folder: folder))
            let beats = tempo ?? model.timing.tempo
            let frames = try length(model, beats, options, tokens)
            var primer: [[UInt8]] = []
            if let file = options.primer {
                primer = try PianoRoll(MIDIFile(path: file), rate: model.timing.rate, name: file).frames
                if let cut { primer = Array(primer.prefix(cut)) }
                if !primer.contains(where: { !$0.isEmpty }) {
                    talk.talk("note: \(SafeText.terminal(file)) has no notes on the keys of a piano")
                }
            } else if cut != nil {
                throw RecurrentError(.usage, "there is no primer to cut", at: "--primer-frames", help: "add --primer")
            }
            let roll = model.generate(frames, after: primer, sampling: sampling)
            let file = roll.midi(tempo: beats, voices: sampling.voices ?? 1, program: UInt8(instrument))
            let chart = self.chart(roll, primer.count, voices: sampling.voices ?? 1)
            for path in options.out {
                switch Form(of: path) {
                case .mid: try file.write(to: path)
                case .wav: try Synthesizer().recording(of: file, name: path).write(to: path)
                default: try FileSystem().write(Array(chart.svg().utf8), to: path)
                }
                talk.talk("wrote " + SafeText.terminal(path))
            }
            if talk.json {
                let object: JSON = [
                    "task": .string(MusicTask.name), "model": .string(folder), "primer_frames": JSON(primer.count),
                    "frames": .array(roll.frames.map { JSON($0.map { Int($0) }) }), "tempo": JSON(beats),
                    "seconds": JSON(file.seconds), "files": JSON(options.out),
                ]
                return try Console.show(object.text())
            }
            if options.out.isEmpty || Console.isTerminal(STDOUT_FILENO) {
                try Console.show(
                    chart.terminal(width: Console.width, height: 20, style: Console.style(STDOUT_FILENO)))
            }
            if options.out.isEmpty { talk.talk("note: nothing was kept; add --out new.mid, .wav or .svg") }
        }

        /// What an ending asks for.
        private enum Form {
            case mid, wav, svg

            init?(of path: String) {
                let lower = path.lowercased()
                if lower.hasSuffix(".mid") || lower.hasSuffix(".midi") {
                    self = .mid
                } else if lower.hasSuffix(".wav") {
                    self = .wav
                } else if lower.hasSuffix(".svg") {
                    self = .svg
                } else {
                    return nil
                }
            }
        }

        private static func length(
            _ model: MusicModel, _ beats: Double, _ options: MusicGenerating, _ tokens: Int?
        ) throws(RecurrentError) -> Int {
            guard let seconds = try Given.number(options.seconds, in: 0.1...3600, "--seconds") else {
                return try Given.number(tokens, in: 1...100_000, "--tokens") ?? 64
            }
            guard tokens == nil else {
                throw RecurrentError(.usage, "the length is given in frames and in seconds", at: "--seconds")
            }
            return max(1, Int(min(100_000, seconds * beats / 60 * model.timing.framesPerBeat)))
        }

        private static func chart(_ roll: PianoRoll, _ given: Int, voices: Int) -> PianoRollChart {
            let notes = roll.spans(voices: voices).map { span in
                PianoRollChart.Note(
                    pitch: Int(span.pitch), start: Double(span.start) / roll.framesPerBeat,
                    end: Double(span.end) / roll.framesPerBeat, voice: span.voice)
            }
            return PianoRollChart(
                title: "New music", subtitle: "\(roll.frames.count) frames, \(notes.count) notes", notes: notes,
                boundary: given > 0 ? Double(given) / roll.framesPerBeat : nil)
        }
    }
#endif
