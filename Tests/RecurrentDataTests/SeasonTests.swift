import RecurrentData
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private func seasonal(_ count: Int, _ season: Int, noise: Double, trend: Double, _ seed: UInt64) -> [Double] {
    var random = TestRandom(seed)
    return (0..<count).map {
        trend * Double($0) + sin(2 * .pi * Double($0) / Double(season)) * 10 + noise * random.normal()
    }
}

@Test(arguments: [
    (36, 12, Frequency.monthly), (144, 12, .monthly), (300, 52, .weekly), (60, 7, .daily), (24, 4, .quarterly),
    (1000, 24, .hourly), (1200, 288, .every(seconds: 300)), (3000, 365, .daily), (200, 5, .businessDaily),
])
func aSeasonOfTheCalendarIsFoundUnderTrendAndNoise(count: Int, season: Int, frequency: Frequency) {
    let found = SeasonDetector.detect(seasonal(count, season, noise: 3, trend: 0.2, 1), frequency: frequency)
    #expect(found.wasFound)
    #expect(found.length == season)
}

@Test func aSeasonWithMissingValuesIsFound() {
    var values = seasonal(200, 12, noise: 2, trend: 0.1, 2)
    for index in stride(from: 3, to: 200, by: 7) { values[index] = .nan }
    for index in 60..<80 { values[index] = .nan }
    #expect(SeasonDetector.detect(values, frequency: .monthly).length == 12)
}

@Test func aSeasonTheCalendarDoesNotKnowIsFoundFromThePeaks() {
    #expect(SeasonDetector.detect(seasonal(300, 17, noise: 3, trend: 0, 3), frequency: .index).length == 17)
    #expect(SeasonDetector.detect(seasonal(300, 11, noise: 3, trend: 0.05, 4), frequency: .yearly).length == 11)
}

@Test func constantShortAndEmptySeriesHaveNoSeason() {
    for values in [[], [1.0], [1, 2, 3], [Double](repeating: 4, count: 100), [Double](repeating: .nan, count: 50)] {
        #expect(SeasonDetector.detect(values, frequency: .monthly) == .none)
    }
    #expect(SeasonDetector.detect((0..<100).map(Double.init), frequency: .monthly) == .none)
}

@Test(arguments: [Frequency.monthly, .weekly, .hourly, .index, .yearly, .quarterly, .daily])
func seriesWithoutASeasonRarelyShowOne(frequency: Frequency) {
    var random = TestRandom(17)
    var found = 0
    var total = 0
    for _ in 0..<60 {
        for (count, memory) in [(40, 0.0), (100, 0.5), (100, 1.0), (300, 0.9), (300, 1.0), (300, 0.0)] {
            var level = 0.0
            let values = (0..<count).map { _ in
                level = memory * level + random.normal()
                return level
            }
            total += 1
            if SeasonDetector.detect(values, frequency: frequency).wasFound { found += 1 }
        }
    }
    // Six in a hundred: up to two candidates of the calendar at one or two in a hundred each, and the peaks add theirs.
    #expect(found * 100 <= total * 6, "\(found) of \(total)")
}
