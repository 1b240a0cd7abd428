#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTasks
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Lets a model of language or music write.
    struct GenerateCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate", abstract: "Let a model write: text, shown as it is chosen, or music.",
            discussion: """
                  recurrent generate model/ --prompt "Once upon a time" --tokens 500
                  recurrent generate model/ --temperature 0.7 --top-p 0.9 --seed 3
                  recurrent generate model/ --prompt "MENENIUS:" --stop "\\n\\n"

                With --weights int8 (or float16) the weights are read in fewer bits, which makes writing about three times as \
                fast for large models, of a text that is almost as probable.

                The same seed gives the same text. --tokens 0 writes until it is stopped, in constant memory.

                A model of music goes on where a primer ends and writes MIDI, sound or a picture; a token is a frame.

                  recurrent generate model/ --primer begin.mid --voices 4 --seconds 30 --out new.mid --out new.wav
                """)

        @Argument(help: "The model folder.")
        var model: String

        @Option(
            help: ArgumentHelp(
                "How the text begins; it is shown too. - reads it from standard input.", valueName: "text"))
        var prompt = ""

        @Option(
            help: ArgumentHelp(
                "How many tokens to write; 0: until it is stopped. Default: 300; of music 64 frames.",
                valueName: "number"))
        var tokens: Int?

        @Option(
            help: ArgumentHelp(
                "Below 1 safer, above 1 more surprising, 0 always the most probable. Default: 0.8; of music 1.",
                valueName: "number"))
        var temperature: Double?

        @Option(help: ArgumentHelp("Choose among so many of the most probable tokens.", valueName: "number"))
        var topK: Int?

        @Option(
            help: ArgumentHelp(
                "Choose among the most probable tokens that together have this probability.", valueName: "share"))
        var topP: Double?

        @Option(
            help: ArgumentHelp(
                "Choose among tokens at least this share as probable as the best.", valueName: "share"))
        var minP: Double?

        @Option(
            help: ArgumentHelp("Above 1: tokens that were just used become less probable.", valueName: "number"))
        var repetitionPenalty: Double?

        @Option(help: ArgumentHelp("The seed of the choices. Default: 0.", valueName: "number"))
        var seed: UInt64 = 0

        @Option(
            help: ArgumentHelp("End before this text; \\n stands for the end of a line; repeatable.", valueName: "text")
        )
        var stop: [String] = []

        @Option(
            help: ArgumentHelp(
                "Search the most probable text, following so many at once, instead of choosing by chance.",
                valueName: "width"))
        var beam: Int?

        @OptionGroup(title: "Music") var music: MusicGenerating
        @OptionGroup(title: "Weights") var weights: WeightOptions
        @OptionGroup(title: "Talk") var talk: TalkOptions

        /// How many tokens of text to write.
        private var count: Int { tokens ?? 300 }

        mutating func run() throws {
            try talk.apply()
            if (try? TaskDispatch.task(of: model)) == MusicTask.name { return try writeMusic() }
            if let option = music.given {
                throw RecurrentError(.usage, "only a model of music has this option", at: option)
            }
            let count = self.count
            guard count >= 0 else {
                throw RecurrentError(.usage, "\(count) tokens; 0 or more are possible", at: "--tokens")
            }
            var sampler = TokenSampler()
            sampler.temperature = temperature ?? 0.8
            sampler.topK = topK
            sampler.topP = topP ?? 1
            sampler.minP = minP ?? 0
            sampler.repetitionPenalty = repetitionPenalty ?? 1
            if let problem = sampler.problem {
                throw RecurrentError(.usage, problem.what, at: "--" + problem.option)
            }
            let stops = stop.map { text in
                text.split(separator: "\\n", omittingEmptySubsequences: false).joined(separator: "\n")
            }
            let model = try weights.applied(to: LanguageModel(folder: model))
            let prompt = self.prompt == "-" ? try StandardInput.text() : self.prompt
            if let unknown = model.tokenizer.unknown, !prompt.isEmpty {
                let count = model.tokenizer.encode(prompt).filter { $0 == unknown }.count
                if count > 0 {
                    talk.talk(
                        "note: \(count) of the prompt's tokens are unknown to the model, which reads each as "
                            + SafeText.terminal(model.tokenizer.piece(unknown)))
                }
            }
            if let beam { return try search(model, prompt, beam, stops) }
            try write(model, prompt, sampler, stops)
        }

        private func writeMusic() throws {
            let text: [(String, Bool)] = [
                ("--prompt", !prompt.isEmpty), ("--top-k", topK != nil), ("--top-p", topP != nil),
                ("--min-p", minP != nil), ("--repetition-penalty", repetitionPenalty != nil), ("--stop", !stop.isEmpty),
                ("--beam", beam != nil),
            ]
            if let option = text.first(where: { $0.1 })?.0 {
                throw RecurrentError(
                    .usage, "a model of music has no such option", at: option,
                    help: option == "--prompt" ? "--primer names a MIDI file to go on from" : nil)
            }
            try MusicCommands.generate(
                model, music, tokens: tokens, temperature: temperature, seed: seed, weights, talk)
        }

        private func write(
            _ model: LanguageModel, _ prompt: String, _ sampler: TokenSampler, _ stops: [String]
        ) throws {
            var writer = model.writer(after: prompt, sampler: sampler, stops: stops, seed: seed)
            let isTerminal = Console.isTerminal(STDOUT_FILENO)
            var text = ""
            let started = Console.now
            func show(_ piece: String) throws {
                if talk.json { return text += piece }
                guard !piece.isEmpty else { return }
                // What a model has read it may write: only a terminal is to be kept from it.
                let failure = Console.write(isTerminal ? SafeText.lines(piece) : piece, to: STDOUT_FILENO)
                // A reader that has gone away wants no more.
                if failure == EPIPE { throw ReaderGone() }
                if failure != 0 {
                    throw RecurrentError(
                        .inputOutput, "cannot write: \(String(cString: strerror(failure)).lowercased())",
                        at: "standard output")
                }
            }
            do {
                if !talk.json { try show(prompt) }
                while count == 0 || writer.count < count, let piece = writer.next() { try show(piece) }
                try show(writer.rest)
                if !talk.json { try show("\n") }
            } catch is ReaderGone {
                return
            }
            let seconds = Console.now - started
            if talk.json {
                let object: JSON = [
                    "task": "language", "prompt": .string(prompt), "text": .string(text), "tokens": JSON(writer.count),
                    "stopped": JSON(writer.isStopped), "seconds": JSON(seconds),
                ]
                try Console.show(object.text())
            } else if seconds > 0, Console.isTerminal(STDERR_FILENO) {
                talk.talk("\(writer.count) tokens, \(Int(Double(writer.count) / seconds)) a second")
            }
        }

        private struct ReaderGone: Error {}

        private func search(_ model: LanguageModel, _ prompt: String, _ width: Int, _ stops: [String]) throws {
            let width = try Given.number(width, in: 1...1000, "--beam") ?? 1
            guard count > 0 else {
                throw RecurrentError(
                    .usage, "a search needs an end", at: "--tokens", help: "say how many tokens, such as --tokens 50")
            }
            let found = model.beam(count, after: prompt, width: width, stops: stops)
            if talk.json {
                let texts: [JSON] = found.map {
                    ["text": .string($0.text), "log_probability": JSON($0.logProbability)]
                }
                let object: JSON = ["task": "language", "prompt": .string(prompt), "texts": .array(texts)]
                return try Console.show(object.text())
            }
            guard let best = found.first else { return }
            let text = prompt + best.text
            try Console.show(Console.isTerminal(STDOUT_FILENO) ? SafeText.lines(text) : text)
        }
    }

    /// Standard input as text.
    enum StandardInput {
        /// All of it, without the end of its last line.
        static func text() throws -> String {
            let chunks = try TextChunks(path: "-")
            var bytes: [UInt8] = []
            while let piece = try chunks.next() {
                bytes += piece
                guard bytes.count < 1 << 26 else {
                    throw RecurrentError(.usage, "a prompt of more than 64 MiB is too long", at: "standard input")
                }
            }
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
