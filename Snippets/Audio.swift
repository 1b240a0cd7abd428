import Recurrent

/// What a program does with sound: read it, see it as a model does, whole or while it arrives, and write it.
func hear(_ file: String) throws {
    let signal = try AudioSignal(path: file)
    print("\(signal.duration) s, \(signal.sampleRate) Hz, \(signal.channelCount) channels", signal.notes)

    let features = AudioFeatures.speech(sampleRate: 16_000)
    let rows = try features.rows(of: signal)
    print("\(rows.shape[0]) rows of \(rows.shape[1]) log-mel energies")

    let reader = try AudioReader(path: file)
    var resampler = Resampler(from: reader.format.sampleRate, to: features.sampleRate)
    var stream = AudioFeatureStream(features)
    while case let samples = try reader.read(4000), !samples.isEmpty {
        let mono = AudioSignal(samples, sampleRate: reader.format.sampleRate, channelCount: reader.format.channelCount)
            .mono()
        print(stream.append(resampler.append(mono.samples)).shape[0], "rows more")
    }
    print(stream.append(resampler.finish()).shape[0] + stream.finish().shape[0], "rows at the end")

    let noisy = AudioAugmentation()(signal.mono().samples, key: RandomKey(seed: 1))
    try AudioSignal(noisy, sampleRate: signal.sampleRate).write(to: "noisy.wav")
}
