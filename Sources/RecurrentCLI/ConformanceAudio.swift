#if CLI
    import ArgumentParser
    import RecurrentData
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    /// Reads recordings, resamples them and makes features: each line of a list names an operation, a recording and a file for
    /// the numbers.
    struct HearRecordings: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "audio")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                do {
                    let (tensor, notes, rate) = try Self.numbers(json)
                    try Safetensors.write([(name: "y", tensor: tensor)], to: try json["output"].string())
                    return ["rate": JSON(rate), "notes": JSON(notes)]
                } catch let error as RecurrentError {
                    return ["error": .string(error.description)]
                }
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }

        private static func numbers(_ json: JSONCursor) throws -> (Tensor, [String], Int) {
            let path = try json["path"].string()
            switch try json["operation"].string() {
            case "read":
                let reader = try AudioReader(path: path)
                var samples: [Double] = []
                while case let piece = try reader.readDoubles(1000), !piece.isEmpty { samples += piece }
                let shape = [reader.frameCount, reader.format.channelCount]
                return (Tensor(samples, shape: shape), reader.notes, reader.format.sampleRate)
            case "write":
                let signal = try AudioSignal(path: path)
                try signal.write(
                    to: try json["target"].string(), as: try json["form"].choice(AudioSignal.Writing.self))
                return (Tensor(signal.samples), signal.notes, signal.sampleRate)
            case "resample":
                let signal = try AudioSignal(path: path).resampled(to: try json["rate"].int())
                return (Tensor(signal.samples), signal.notes, signal.sampleRate)
            case "time":
                // The seconds of passes over a recording in memory, one after another.
                let signal = try AudioSignal(path: path)
                let features = json["features"].exists ? try AudioFeatures(json["features"]) : nil
                let rate = try json["rate"].ifPresent?.int(in: 1...1_000_000) ?? signal.sampleRate
                let seconds = try (0..<json["passes"].int(in: 1...1000)).map { _ in
                    let start = ContinuousClock.now
                    if let features {
                        _ = features.rows(of: signal.samples)
                    } else {
                        _ = try signal.resampled(to: rate)
                    }
                    return (ContinuousClock.now - start) / .seconds(1)
                }
                return (Tensor(seconds), signal.notes, signal.sampleRate)
            default:
                let signal = try AudioSignal(path: path)
                let features = try AudioFeatures(json["features"])
                return (try features.rows(of: signal), signal.notes, features.sampleRate)
            }
        }
    }

    /// Prints the description of features by their name, as a model's config.json holds it.
    struct DescribeFeatures: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "features")

        @Argument var name: String
        @Argument var rate: Int

        func run() throws {
            let features: AudioFeatures? =
                switch name {
                case "speech": .speech(sampleRate: rate)
                case "librosa-mel": .librosa(.mel, sampleRate: rate)
                case "librosa-cepstrum": .librosa(.cepstrum, sampleRate: rate)
                case "torchaudio-mel": .torchaudio(.mel, sampleRate: rate)
                case "torchaudio-cepstrum": .torchaudio(.cepstrum, sampleRate: rate)
                case "kaldi-mel": .kaldiFilterBank(sampleRate: rate)
                case "kaldi-cepstrum": .kaldiMFCC(sampleRate: rate)
                default: nil
                }
            guard let features else { throw RecurrentError(.usage, "there are no features of this name") }
            print(try features.validated().json.text())
        }
    }
#endif
