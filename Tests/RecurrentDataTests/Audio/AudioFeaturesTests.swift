import RecurrentData
import RecurrentTensor
import Testing

private let samples = closedFormSignal(0..<4000).map { Float($0) / 32768 }

private let presets: [(name: String, features: AudioFeatures)] = {
    var delta = AudioFeatures.kaldiFilterBank()
    delta.deltaOrder = 1
    return [
        ("librosa-mel", .librosa(sampleRate: 16_000)), ("librosa-cepstrum", .librosa(.cepstrum, sampleRate: 16_000)),
        ("torchaudio-mel", .torchaudio()), ("torchaudio-cepstrum", .torchaudio(.cepstrum)),
        ("kaldi-mel", .kaldiFilterBank()),
        ("kaldi-mel-whole-energy", .kaldiFilterBank(snipsEdges: false, usesEnergy: true)),
        ("kaldi-cepstrum", .kaldiMFCC()), ("kaldi-cepstrum-whole", .kaldiMFCC(snipsEdges: false, usesEnergy: false)),
        ("delta", delta),
    ]
}()

/// Rows as samples arrive in pieces of random lengths.
private func streamed(_ features: AudioFeatures, _ samples: [Float], seed: UInt64, key: RandomKey? = nil) -> [Double] {
    var stream = AudioFeatureStream(features, key: key)
    var random = RandomStream(seed: seed)
    var rows: [Double] = []
    var start = 0
    while start < samples.count {
        let end = min(samples.count, start + random.below(seed % 2 == 0 ? 50 : 1500))
        rows += stream.append(Array(samples[start..<end])).doubles()
        start = end
    }
    return rows + stream.finish().doubles()
}

@Suite struct AudioFeaturesTests {
    @Test func presetsEqualTheirOriginals() throws {
        var name = ""
        var table: Tensor?
        var values: [Double] = []
        var checked = 0
        for line in try fixture("audio_features.txt") {
            if let features = presets.first(where: { $0.name == line[0] })?.features {
                name = line[0]
                let rows = features.rows(of: samples)
                table = rows
                values = rows.doubles()
                let columns = name == "delta" ? 160 : Int(line[2]) ?? 0
                #expect(rows.shape == [Int(line[1]) ?? 0, columns], "\(name)")
                continue
            }
            let (row, column) = (Int(line[0]) ?? 0, (Int(line[1]) ?? 0) + (name == "delta" ? 80 : 0))
            let columns = try #require(table).shape[1]
            let (value, expected) = (values[row * columns + column], Double(line[2]) ?? .nan)
            // Both are computed in double precision; ours are rounded to single at the end.
            #expect(abs(value - expected) <= 2e-5, "\(name) row \(row) column \(column): \(value), \(expected)")
            checked += 1
        }
        #expect(checked > 500)
    }

    @Test(arguments: [0, 1, 5, 159, 160, 399, 400, 401, 4000])
    func streamsGiveTheBitsOfTheWhole(_ count: Int) {
        var every = presets.map(\.features)
        var running = AudioFeatures.speech()
        running.normalization = .running(halfLife: 30)
        running.deltaOrder = 2
        var rare = AudioFeatures(.spectrum, sampleRate: 8000, windowLength: 30, hopLength: 70, edge: .zero)
        rare.isPower = false
        every += [running, rare]
        let part = Array(samples.prefix(count))
        for features in every {
            var features = features
            if case .decibel(let floor, _) = features.compression {
                features.compression = .decibel(floor: floor, range: nil)
            }
            let whole = features.rows(of: part)
            #expect(whole.shape == [features.rowCount(count), features.featureCount])
            for seed: UInt64 in 0..<4 { #expect(streamed(features, part, seed: seed) == whole.doubles()) }
        }
    }

    @Test func aLongStreamTakesNoMoreMemoryAndNoOtherBits() {
        let features = AudioFeatures.speech(sampleRate: 8000)
        let long = closedFormSignal(0..<200_000).map { Float($0) / 32768 }
        #expect(streamed(features, long, seed: 1) == features.rows(of: long).doubles())
    }

    @Test func ditherIsDrawnByTheKeyAndTheFrame() {
        var features = AudioFeatures.kaldiFilterBank()
        features.dither = 1
        let silence = [Float](repeating: 0, count: 4000)
        let key = RandomKey(seed: 5)
        let rows = features.rows(of: silence, key: key).doubles()
        #expect(rows == streamed(features, silence, seed: 3, key: key))
        #expect(rows != features.rows(of: silence, key: RandomKey(seed: 6)).doubles())
        #expect(rows[..<80] != rows[80..<160])
        // Without a key there is none, and silence lies at the floor.
        let floor = Double(Float(Double(Float.ulpOfOne).logarithm))
        #expect(features.rows(of: silence).doubles().allSatisfy { $0 == floor })
    }

    @Test func theSlopeOfARampIsOneAndItsCurvatureNothing() {
        var features = AudioFeatures(
            .spectrum, sampleRate: 100, windowLength: 2, hopLength: 2, fftSize: 2, window: .rectangular)
        features.edge = .within
        features.isPower = false
        features.compression = .none
        features.deltaOrder = 2
        // The sum of the n-th pair of samples is n.
        let ramp = (0..<40).map { $0 % 2 == 0 ? Float($0 / 2) : 0 }
        let rows = features.rows(of: ramp)
        #expect(rows.shape == [20, 6])
        let values = rows.doubles()
        for row in 4..<16 { #expect(Array(values[row * 6..<row * 6 + 6]) == [Double(row), Double(row), 1, 1, 0, 0]) }
        // Before the first row stands that row: (1·1 + 2·2) / 10.
        #expect(abs(values[2] - 0.5) < 1e-7)
    }

    @Test func normalizationTakesMeanAndDeviationOfEachColumn() {
        var features = AudioFeatures.speech()
        features.normalization = .meanAndDeviation
        var statistics = FeatureStatistics()
        statistics.add(features.rows(of: samples))
        for mean in statistics.mean { #expect(abs(mean) < 1e-6) }
        for deviation in statistics.deviation { #expect(abs(deviation - 1) < 1e-5) }
        #expect(!features.isIncremental)

        // Statistics of a speaker: as if the recordings were one.
        features.normalization = .none
        let rows = features.rows(of: samples)
        var (speaker, pieces) = (FeatureStatistics(), FeatureStatistics())
        speaker.add(rows)
        for row in 0..<rows.shape[0] {
            pieces.add(Tensor(Array(rows.scalars(of: Float.self)[row * 80..<(row + 1) * 80]), shape: [1, 80]))
        }
        #expect(speaker == pieces)
        let restored = FeatureStatistics(mean: speaker.mean, deviation: speaker.deviation, count: speaker.count)
        for (a, b) in zip(restored.deviation, speaker.deviation) { #expect(abs(a - b) < 1e-12) }
    }

    @Test func runningNormalizationApproachesThatOfTheWhole() {
        var features = AudioFeatures.speech()
        features.normalization = .running(halfLife: 1e9)
        let long = closedFormSignal(0..<160_000).map { Float($0) / 32768 }
        var plain = features
        plain.normalization = .meanAndDeviation
        let (running, whole) = (features.rows(of: long), plain.rows(of: long))
        let (a, b) = (running.doubles().suffix(80), whole.doubles().suffix(80))
        // With no forgetting, the last row has seen all rows.
        for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
    }

    @Test func recordingsOfOtherRatesAndChannelsAreConverted() throws {
        let stereo = AudioSignal(samples.flatMap { [$0, $0] }, sampleRate: 16_000, channelCount: 2)
        let features = AudioFeatures.speech(sampleRate: 16_000)
        #expect(try features.rows(of: stereo).doubles() == features.rows(of: samples).doubles())
        let slow = AudioSignal(samples, sampleRate: 8000)
        #expect(try features.rows(of: slow).shape == [features.rowCount(8000), 80])
    }

    @Test func whatCannotBeComputedIsRefused() throws {
        func expect(_ change: (inout AudioFeatures) -> Void, line: SourceLocation = #_sourceLocation) {
            var features = AudioFeatures.speech()
            change(&features)
            #expect(throws: RecurrentError.self, sourceLocation: line) { try features.validated() }
        }
        expect { $0.sampleRate = 0 }
        expect { $0.windowLength = 0 }
        expect { $0.windowLength = 1 << 40 }
        expect { $0.fftSize = 10 }
        expect { $0.hopLength = -1 }
        expect { $0.melCount = 0 }
        expect { $0.lowFrequency = 9000 }
        expect { $0.highFrequency = 9000 }
        expect { $0.lowFrequency = .nan }
        expect { $0.compression = .logarithm(floor: 0) }
        expect { $0.normalization = .running(halfLife: .nan) }
        expect { $0.deltaOrder = 3 }
        expect { ($0.kind, $0.cepstrumCount) = (.cepstrum, 81) }
        for preset in presets { _ = try preset.features.validated() }
    }
}

extension Double {
    /// The natural logarithm.
    fileprivate var logarithm: Double { Double.log(self) }
}
