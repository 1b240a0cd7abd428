import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import Testing

@Suite struct AudioFeaturesJSONTests {
    @Test func aDescriptionIsReadAsItWasWritten() throws {
        var every: [AudioFeatures] = [
            .speech(sampleRate: 8000), .librosa(), .librosa(.cepstrum), .torchaudio(), .kaldiFilterBank(), .kaldiMFCC(),
        ]
        every[0].normalization = .running(halfLife: 100)
        every[1].normalization = .mean
        every[2].compression = .none
        every[3].normalization = .meanAndDeviation
        every[4].highFrequency = 7600
        every[5].deltaOrder = 2
        for features in every {
            let text = features.json.text()
            #expect(try AudioFeatures(JSONCursor(JSON(parsing: Array(text.utf8)))) == features)
        }
    }

    @Test func aDamagedDescriptionIsRefusedByItsKey() throws {
        guard case .object(let good) = AudioFeatures.speech().json else { return }
        for (key, value): (String, JSON) in [
            ("kind", "smell"), ("sample_rate", 0), ("mels", 1_000_000), ("compression", ["kind": "log", "floor": -1]),
            ("normalization", ["kind": "running", "half_life": 0]), ("fft_size", 3), ("window", .null),
        ] {
            var bad = good
            bad[key] = value
            #expect(throws: RecurrentError.self, "\(key)") { try AudioFeatures(JSONCursor(.object(bad))) }
        }
    }
}
