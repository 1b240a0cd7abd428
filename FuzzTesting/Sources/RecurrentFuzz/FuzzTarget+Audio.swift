import RecurrentData
import RecurrentTensor

extension FuzzTarget {
    /// A recording of any form, and the same numbers written and read.
    func readWAV(_ bytes: [UInt8]) throws(RecurrentError) {
        let signal = try AudioSignal(bytes: bytes, name: "fuzz")
        precondition(signal.samples.count <= bytes.count, "more samples than bytes")
        precondition(signal.samples.allSatisfy(\.isFinite), "a sample that is no number")
        let again = try AudioSignal(bytes: try signal.wavBytes(as: .float32), name: "fuzz")
        precondition(again.samples == signal.samples, "samples change when they are written and read")
        precondition(
            again.sampleRate == signal.sampleRate && again.channelCount == signal.channelCount,
            "a header changes when it is written and read")
    }

    /// The samples of a recording, as far as many inputs in a second allow: silence takes few bytes.
    func readSound(_ reader: AudioReader) throws(RecurrentError) {
        var count = 0
        while count < 1 << 17, case let samples = try reader.read(4096), !samples.isEmpty {
            precondition(samples.count % reader.format.channelCount == 0, "a frame is not whole")
            precondition(samples.allSatisfy { $0 >= -1 && $0 <= 1 }, "a sample beyond its bits")
            count += samples.count
        }
    }
}
