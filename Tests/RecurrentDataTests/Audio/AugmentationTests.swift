import RecurrentData
import RecurrentTensor
import Testing

private let samples = closedFormSignal(0..<8000).map { Float($0) / 32768 }

private func power(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(values.count, 1))
}

@Suite struct AugmentationTests {
    @Test(arguments: [0.0, 15, 30])
    func noiseLiesSoManyDecibelsBelow(_ ratio: Double) {
        let noises: [[Float]?] = [
            nil, closedFormSignal(50..<90).map { Float($0) }, [Float](repeating: 1, count: 20_000),
        ]
        for noise in noises {
            let noisy = AudioAugmentation.addNoise(samples, noise, ratio: ratio, key: RandomKey(seed: 1))
            let added = zip(noisy, samples).map { $0 - $1 }
            // Rounding to single precision is 2⁻²⁴ of samples that are up to a thousand times as large as the noise.
            #expect(abs(power(samples) / power(added) / Double.exp(ratio / 10 * Double.log(10)) - 1) < 1e-3)
        }
        let silence = [Float](repeating: 0, count: 10)
        #expect(AudioAugmentation.addNoise(silence, nil, ratio: ratio, key: RandomKey(seed: 1)) == silence)
        #expect(AudioAugmentation.addNoise([], nil, ratio: ratio, key: RandomKey(seed: 1)) == [])
    }

    @Test func anotherSpeedTakesAnotherTime() {
        #expect(AudioAugmentation.changeSpeed(samples, 1) == samples)
        #expect(AudioAugmentation.changeSpeed(samples, 1.25).count == 6400)
        #expect(AudioAugmentation.changeSpeed(samples, 0.8).count == 10_000)
    }

    @Test func whatIsDrawnDependsOnTheKeyAlone() {
        let change = AudioAugmentation()
        let key = RandomKey(seed: 3)
        #expect(change(samples, key: key) == change(samples, key: key))
        let lengths = Set((0..<20).map { change(samples, key: key.at(step: $0)).count })
        #expect(lengths == [8000, 7273, 8889])
        var none = AudioAugmentation()
        (none.speeds, none.gain, none.noise) = ([], 0, nil)
        #expect(none(samples, key: key) == samples)
        #expect(change([], key: key) == [])
    }

    @Test func masksHideBandsAndStretchesOfAtMostTheirWidth() {
        let rows = Tensor(filled: 1, shape: [100, 3 * 40], of: .float32)
        var mask = SpecAugment()
        mask.value = 0
        (mask.frequencyMasks, mask.timeMasks) = (1, 0)
        var widths: Set<Int> = []
        for step in 0..<200 {
            let values = mask(rows, deltaOrder: 2, key: RandomKey(seed: 1).at(step: step)).doubles()
            let hidden = (0..<120).filter { values[$0] == 0 }
            // The same columns of the rows, of their slopes and of their curvatures; in every row.
            #expect(Set(hidden.map { $0 % 40 }).count * 3 == hidden.count)
            #expect((0..<12_000).allSatisfy { values[$0] == values[$0 % 120] })
            widths.insert(hidden.count / 3)
        }
        #expect(widths == Set(0...10))
        (mask.frequencyMasks, mask.timeMasks) = (0, 1)
        widths = []
        for step in 0..<400 {
            let values = mask(rows, key: RandomKey(seed: 2).at(step: step)).doubles()
            let hidden = (0..<100).filter { values[$0 * 120] == 0 }
            #expect((0..<12_000).allSatisfy { values[$0] == values[$0 / 120 * 120] })
            if let first = hidden.first, let last = hidden.last { #expect(last - first + 1 == hidden.count) }
            widths.insert(hidden.count)
        }
        #expect(widths == Set(0...20))
        #expect(SpecAugment()(Tensor(zeros: [0, 40]), key: RandomKey(seed: 1)).shape == [0, 40])
        // Filled with the mean, rows of a constant stay as they are.
        #expect(SpecAugment()(rows, key: RandomKey(seed: 1)).doubles() == rows.doubles())
    }

    @Test func aWarpMovesAPeakToTheFrequencyThatItNames() {
        let features = AudioFeatures.speech(sampleRate: 8000, melCount: 200)
        let warp = VocalTractWarp(extent: 0.2, of: features)
        let scale = features.melScale
        let step = (scale.mel(features.topFrequency) - scale.mel(features.lowFrequency)) / 201
        func centre(_ band: Int) -> Double {
            scale.frequency(scale.mel(features.lowFrequency) + step * Double(band + 1))
        }
        for alpha in [0.8, 0.9, 1.1, 1.2] {
            for band in [40, 100, 150] {
                var values = [Float](repeating: 0, count: 2 * 200)
                values[200 + band] = 1
                let found = warp.rows(Tensor(values, shape: [2, 200]), alpha: alpha).doubles()
                #expect(found.prefix(200).allSatisfy { $0 == 0 })
                let row = Array(found.suffix(200))
                let peak = row.indices.max { row[$0] < row[$1] } ?? 0
                // Within a band of where the equation puts it.
                #expect(abs(scale.mel(warp.warped(centre(peak), alpha)) - scale.mel(centre(band))) <= step)
            }
            // The ends stay, and the order of frequencies.
            #expect(warp.warped(0, alpha) == 0 && abs(warp.warped(4000, alpha) - 4000) < 1e-9)
            let line = (0...400).map { warp.warped(Double($0) * 10, alpha) }
            #expect(zip(line, line.dropFirst()).allSatisfy { $0 < $1 })
        }
        let rows = Tensor((0..<3 * 400).map { Float($0) }, shape: [3, 400])
        #expect(
            warp.rows(rows, deltaOrder: 1, alpha: 1).doubles().elementsEqual(rows.doubles()) { abs($0 - $1) < 1e-2 })
        #expect(warp(rows, deltaOrder: 1, key: RandomKey(seed: 1)).doubles() != rows.doubles())
        #expect(
            VocalTractWarp(extent: 0, of: features)(Tensor(zeros: [0, 200]), key: RandomKey(seed: 1)).shape == [0, 200])
    }
}
