import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// What a network reads of each step of a unit: the channels that vary, scaled; running means of them; the age.
///
/// A missing value is read as the last one that is known, before the first as the mean.
struct UnitFeatures: Sendable, Hashable {
    /// The names of all channels of the table, and the places of those that are read.
    let channels: [String]
    let places: [Int]
    /// What is subtracted of each of these, and what it is then divided by.
    let shifts: [Float]
    let scales: [Float]
    /// The age that is read as 1.
    let ageScale: Double
    let smoothing: [Double]
    let readsAge: Bool

    init(fitting units: [UnitHistory], channels: [String], smoothing: [Double], readsAge: Bool) {
        let C = channels.count
        var places: [Int] = []
        var (shifts, scales): ([Float], [Float]) = ([], [])
        for c in 0..<C {
            var (count, sum, low, high) = (0.0, 0.0, Float.infinity, -Float.infinity)
            for unit in units {
                for t in 0..<unit.stepCount where unit.values[t * C + c].isFinite {
                    let value = unit.values[t * C + c]
                    (count, sum, low, high) = (count + 1, sum + Double(value), min(low, value), max(high, value))
                }
            }
            let mean = sum / max(1, count)
            var squares = 0.0
            for unit in units {
                for t in 0..<unit.stepCount where unit.values[t * C + c].isFinite {
                    let centred = Double(unit.values[t * C + c]) - mean
                    squares += centred * centred
                }
            }
            let deviation = (squares / max(1, count)).squareRoot()
            // A constant tells nothing; what varies in its last digits alone is one.
            guard count > 1, high > low, deviation > 1e-6 * abs(mean), deviation.isFinite else { continue }
            places.append(c)
            shifts.append(Float(mean))
            scales.append(Float(deviation))
        }
        (self.channels, self.places, self.shifts, self.scales) = (channels, places, shifts, scales)
        (self.smoothing, self.readsAge) = (smoothing, readsAge)
        let ages = units.map { ($0.times.last ?? 0) - ($0.times.first ?? 0) }.sorted()
        ageScale = ages.isEmpty ? 1 : max(1e-9, ages[ages.count / 2])
    }

    /// The numbers of a step.
    var inputSize: Int { places.count * (1 + smoothing.count) + (readsAge ? 1 : 0) }

    /// The numbers of every step of a unit, [T, I].
    func rows(_ unit: UnitHistory) -> [Float] {
        let (C, K) = (channels.count, places.count)
        var result: [Float] = []
        result.reserveCapacity(unit.stepCount * inputSize)
        var last = [Float](repeating: 0, count: K)
        var means = [[Double]](repeating: [Double](repeating: 0, count: K), count: smoothing.count)
        for t in 0..<unit.stepCount {
            for k in 0..<K {
                let raw = unit.values[t * C + places[k]]
                if raw.isFinite { last[k] = max(-20, min(20, (raw - shifts[k]) / scales[k])) }
            }
            result += last
            for (index, span) in smoothing.enumerated() {
                // The plain mean until as many steps are there, then the forgetting one.
                let share = max(1 / Double(t + 1), 1 / span)
                for k in 0..<K { means[index][k] += share * (Double(last[k]) - means[index][k]) }
                result += means[index].map { Float($0) }
            }
            if readsAge { result.append(Float(max(-10, min(10, (unit.times[t] - unit.times[0]) / ageScale)))) }
        }
        return result
    }

    /// The columns of a table in the order in which they were learnt.
    ///
    /// - Throws: `badData` where one is not there.
    func adapted(_ units: [UnitHistory], channels given: [String]) throws(RecurrentError) -> [UnitHistory] {
        guard given != channels else { return units }
        var order: [Int] = []
        for (place, name) in channels.enumerated() {
            let isRead = places.contains(place)
            guard let found = given.firstIndex(of: name) ?? (isRead ? nil : 0) else {
                throw RecurrentError(
                    .badData, "the table has no column '\(name)', which the model reads",
                    help: "name the columns as in the training data")
            }
            order.append(found)
        }
        let C = given.count
        return units.map { unit in
            var values: [Float] = []
            for t in 0..<unit.stepCount { for place in order { values.append(unit.values[t * C + place]) } }
            return UnitHistory(name: unit.name, times: unit.times, values: values, lifeAtEnd: unit.lifeAtEnd)
        }
    }

    var json: JSON {
        [
            "channels": JSON(channels), "places": JSON(places), "shifts": JSON(shifts.map(Double.init)),
            "scales": JSON(scales.map(Double.init)), "age_scale": JSON(ageScale),
        ]
    }

    /// - Throws: `badModel` where it is damaged.
    init(_ json: JSONCursor, smoothing: [Double], readsAge: Bool) throws(RecurrentError) {
        channels = try json["channels"].strings()
        places = try json["places"].ints()
        shifts = try json["shifts"].doubles().map { Float($0) }
        scales = try json["scales"].doubles().map { Float($0) }
        ageScale = try json["age_scale"].double(in: 1e-12...1e15)
        (self.smoothing, self.readsAge) = (smoothing, readsAge)
        guard channels.count <= 1 << 16, !places.isEmpty, places.allSatisfy(channels.indices.contains),
            shifts.count == places.count, scales.count == places.count, shifts.allSatisfy(\.isFinite),
            scales.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw json["places"].error("do not fit the \(channels.count) channels") }
    }
}
