import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// How the steps of a record become the frames that a network reads: scaled, several to a frame, gaps filled.
///
/// A missing value is read as the mean; where the training data have such gaps, each channel has a second number in a frame:
/// the share of its values that is there.
struct RecordFraming: Sendable, Hashable {
    /// The names of the channels.
    let channels: [String]
    /// What is subtracted of each channel, and what it is then divided by.
    let shifts: [Float]
    let scales: [Float]
    /// Whether a frame tells which values are missing.
    let tellsGaps: Bool
    /// The steps of a frame, and the frames on each side that it shows as well.
    let stride: Int
    let context: Int

    /// The scaling of records: mean 0 and deviation 1 of each channel.
    init(fitting records: [LabelledRecord], stride: Int, context: Int) {
        let C = records[0].channels.count
        var (count, sum, squares) = ([Double](repeating: 0, count: C), [Double](repeating: 0, count: C), [0.0])
        squares = sum
        var hasGaps = false
        for record in records {
            for (index, value) in record.values.enumerated() {
                guard value.isFinite else {
                    hasGaps = true
                    continue
                }
                count[index % C] += 1
                sum[index % C] += Double(value)
            }
        }
        let means = zip(sum, count).map { $1 > 0 ? $0 / $1 : 0 }
        for record in records {
            for (index, value) in record.values.enumerated() where value.isFinite {
                let centred = Double(value) - means[index % C]
                squares[index % C] += centred * centred
            }
        }
        channels = records[0].channels
        shifts = means.map { Float($0) }
        scales = zip(squares, count).map { squares, count in
            let deviation = count > 0 ? (squares / count).squareRoot() : 0
            return deviation > 1e-30 && deviation.isFinite ? Float(deviation) : 1
        }
        tellsGaps = hasGaps
        (self.stride, self.context) = (stride, context)
    }

    /// The numbers of a frame.
    var inputSize: Int { channels.count * ((2 * context + 1) * stride + (tellsGaps ? 1 : 0)) }

    /// The frames of a record of so many steps.
    func frameCount(_ steps: Int) -> Int { (steps + stride - 1) / stride }

    /// Writes a frame of a record to a place.
    ///
    /// What lies outside the record is read as missing.
    func write(_ frame: Int, of record: LabelledRecord, to target: UnsafeMutablePointer<Float>) {
        let C = channels.count
        let first = (frame - context) * stride
        let count = (2 * context + 1) * stride
        let steps = record.stepCount
        var place = 0
        record.values.withUnsafeBufferPointer { values in
            for step in first..<first + count {
                for c in 0..<C {
                    var value: Float = 0
                    if step >= 0, step < steps {
                        let raw = values[step * C + c]
                        // A value far outside what was learnt must not drive the network where it has never been.
                        if raw.isFinite { value = max(-20, min(20, (raw - shifts[c]) / scales[c])) }
                    }
                    target[place] = value
                    place += 1
                }
            }
            guard tellsGaps else { return }
            let end = max(0, min(steps, (frame + 1) * stride))
            let own = min(max(0, frame * stride), end)..<end
            for c in 0..<C {
                let there = own.reduce(0) { $0 + (values[$1 * C + c].isFinite ? 1 : 0) }
                target[place] = own.isEmpty ? 0 : Float(there) / Float(own.count)
                place += 1
            }
        }
    }

    /// Frames of records, the same number of each from its own beginning.
    ///
    /// - Shapes: [frames, windows, I].
    func tensor(_ windows: [(record: LabelledRecord, first: Int)], frames: Int) -> Tensor {
        let (B, I) = (windows.count, inputSize)
        var numbers = [Float](repeating: 0, count: frames * B * I)
        numbers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for (b, window) in windows.enumerated() {
                for t in 0..<frames { write(window.first + t, of: window.record, to: base + (t * B + b) * I) }
            }
        }
        return Tensor(numbers, shape: [frames, B, I])
    }

    /// The columns of a record that are read, in order.
    ///
    /// - Throws: `badData` where one is not there.
    func adapted(_ record: LabelledRecord) throws(RecurrentError) -> LabelledRecord {
        guard record.channels != channels else { return record }
        var places: [Int] = []
        for name in channels {
            guard let place = record.channels.firstIndex(of: name) else {
                throw RecurrentError(
                    .badData, "the record has no channel '\(name)', which the model reads", at: record.name,
                    why: "its channels are \(record.channels.prefix(8).joined(separator: ", "))",
                    help: "name the channels as in the training data")
            }
            places.append(place)
        }
        let C = record.channels.count
        var values: [Float] = []
        values.reserveCapacity(record.stepCount * channels.count)
        for step in 0..<record.stepCount { for place in places { values.append(record.values[step * C + place]) } }
        return LabelledRecord(
            name: record.name, channels: channels, rate: record.rate, values: values, labels: record.labels)
    }

    var json: JSON {
        [
            "channels": JSON(channels), "shifts": .array(shifts.map { JSON(Double($0)) }),
            "scales": .array(scales.map { JSON(Double($0)) }), "tells_gaps": JSON(tellsGaps),
        ]
    }

    /// - Throws: `badModel` where it is damaged.
    init(_ json: JSONCursor, stride: Int, context: Int) throws(RecurrentError) {
        channels = try json["channels"].strings()
        shifts = try json["shifts"].doubles().map { Float($0) }
        scales = try json["scales"].doubles().map { Float($0) }
        tellsGaps = try json["tells_gaps"].bool()
        (self.stride, self.context) = (stride, context)
        guard !channels.isEmpty, channels.count <= 1 << 16, shifts.count == channels.count,
            scales.count == channels.count, shifts.allSatisfy(\.isFinite),
            scales.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw json["scales"].error("do not fit the \(channels.count) channels") }
    }
}
