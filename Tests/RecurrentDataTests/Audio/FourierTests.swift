import RecurrentData
import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct FourierTests {
    // The definition, one sum a frequency. Both sides round N products of size 1: 1e-12 · N is above their sum.
    @Test(arguments: Array(1...40) + [64, 97, 100, 101, 128, 169, 202, 221, 256, 400, 441, 509, 512, 551, 1000, 1021])
    func theTransformOfEverySizeIsItsDefinition(_ size: Int) {
        var stream = RandomStream(seed: UInt64(size))
        let x = (0..<size).map { _ in stream.uniform(-1, 1) }
        let (real, imaginary) = RealFourier(size).transform(x)
        #expect(real.count == size / 2 + 1)
        for k in real.indices {
            var (r, i) = (0.0, 0.0)
            for n in 0..<size {
                let angle = -2 * Double.pi * Double(k * n % size) / Double(size)
                r += x[n] * cos(angle)
                i += x[n] * sin(angle)
            }
            #expect(abs(real[k] - r) < 1e-12 * Double(size + 10))
            #expect(abs(imaginary[k] - i) < 1e-12 * Double(size + 10))
        }
    }

    @Test func windowsArePeriodicOrSymmetric() {
        for window in WindowFunction.allCases where window != .rectangular {
            let symmetric = window.values(9, isPeriodic: false)
            let periodic = window.values(8, isPeriodic: true)
            for index in 0..<9 { #expect(abs(symmetric[index] - symmetric[8 - index]) < 1e-12) }
            // One period of eight is the symmetric window of nine without its last value.
            for index in 0..<8 { #expect(abs(symmetric[index] - periodic[index]) < 1e-12) }
            #expect(symmetric[4] == 1 || window == .blackman && abs(symmetric[4] - 1) < 1e-12)
        }
        #expect(WindowFunction.hann.values(1, isPeriodic: true) == [1])
        #expect(WindowFunction.povey.values(0, isPeriodic: true) == [])
    }

    @Test func pitchAndFrequencyAreInverse() {
        for scale in MelScale.allCases {
            for frequency in [0.0, 20, 700, 999, 1000, 1001, 4000, 22_050] {
                #expect(abs(scale.frequency(scale.mel(frequency)) - frequency) < 1e-8)
            }
        }
        // Both scales put 1,000 Hz where their authors do: near 1,000 mel, and at 15.
        #expect(abs(MelScale.htk.mel(1000) - 1000) < 0.02)
        #expect(MelScale.slaney.mel(1000) == 15)
    }
}
