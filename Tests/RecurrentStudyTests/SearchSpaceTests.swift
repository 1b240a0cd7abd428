import RecurrentFormats
import RecurrentStudy
import RecurrentTensor
import Synchronization
import Testing

@Suite struct SearchSpaceTests {
    /// An axis, and the share of its numbers below x by its definition.
    struct Law: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var law: SearchAxis.Law
        var share: @Sendable (Double) -> Double
    }

    static let laws: [Law] = [
        Law(testDescription: "log-uniform", law: .logUniform(1e-6, 1e-2)) {
            (Double.log($0) - Double.log(1e-6)) / Double.log(1e4)
        },
        Law(testDescription: "1 − log-uniform", law: .oneMinusLogUniform(low: 0.01, high: 1)) {
            1 - (Double.log(1 - $0) - Double.log(0.01)) / Double.log(100)
        },
        Law(testDescription: "uniform", law: .uniform(-1, 3)) { ($0 + 1) / 4 },
        // A whole number stands for all up to the next one.
        Law(testDescription: "log-integer", law: .logInteger(20, 200)) {
            (Double.log($0 + 1) - Double.log(20)) / Double.log(201.0 / 20)
        },
        Law(testDescription: "integer", law: .integer(-3, 6)) { ($0 + 4) / 10 },
    ]

    @Test(arguments: laws)
    func whatIsDrawnFollowsItsDefinition(_ law: Law) throws {
        let space = try SearchSpace([SearchAxis("x", law.law)])
        let count = 20_000
        let drawn = (0..<count).compactMap { space.point(seed: 3, trial: $0)["x"]?.number }.sorted()
        try #require(drawn.count == count)
        // The test of Kolmogorov and Smirnov: the largest distance of the two distributions, right and left of each number. A
        // jump of the definition is where the drawn numbers jump too.
        var distance = 0.0
        var index = 0
        while index < count {
            var next = index
            while next < count, drawn[next] == drawn[index] { next += 1 }
            distance = max(distance, abs(Double(next) / Double(count) - law.share(drawn[index])))
            index = next
        }
        // 1.63 / √n is exceeded by chance in one case of a hundred; the draws are the same in each run.
        #expect(distance < 1.63 / Double(count).squareRoot(), "\(distance)")
        #expect(law.share(drawn[0]) >= 0 && law.share(drawn[count - 1]) <= 1 + 1e-12)
    }

    @Test func wordsAreDrawnEquallyOften() throws {
        let space = try SearchSpace([SearchAxis("x", .choice(["a", "b", "c"]))])
        var counts: [SearchValue?: Int] = [:]
        for trial in 0..<9000 { counts[space.point(seed: 1, trial: trial)["x"], default: 0] += 1 }
        #expect(counts.count == 3)
        // Four deviations of a count, which is 45.
        for count in counts.values { #expect(abs(count - 3000) < 180) }
    }

    @Test func theAxesOfAPointDoNotDependOnEachOther() throws {
        let space = try odysseySpace()
        let units = (0..<4000).compactMap { space.units(of: space.point(seed: 5, trial: $0)) }
        for first in 0..<4 {
            for second in first + 1..<4 {
                let sum = units.reduce(0) { $0 + ($1[first] - 0.5) * ($1[second] - 0.5) }
                // The correlation of 4000 pairs deviates by 0.016 from none.
                #expect(abs(12 * sum / 4000) < 0.06)
            }
        }
    }

    @Test func aPointDependsOnSeedStreamAndNumberAlone() throws {
        let space = try odysseySpace()
        let forward = (0..<50).map { space.point(seed: 9, stream: 4, trial: $0) }
        let backward = (0..<50).reversed().map { space.point(seed: 9, stream: 4, trial: $0) }.reversed()
        #expect(forward == Array(backward))
        for threads in [1, 2, 8] {
            let found = Mutex([SearchPoint?](repeating: nil, count: 50))
            let before = ThreadPool.shared.threadCount
            ThreadPool.shared.threadCount = threads
            defer { ThreadPool.shared.threadCount = before }
            ThreadPool.shared.run(parts: 50) { part in
                let point = space.point(seed: 9, stream: 4, trial: part)
                found.withLock { $0[part] = point }
            }
            #expect(found.withLock { $0 } == forward)
        }
        #expect(Set(forward).count == 50)
        #expect(space.point(seed: 10, stream: 4, trial: 0) != forward[0])
        #expect(space.point(seed: 9, stream: 5, trial: 0) != forward[0])
    }

    @Test func anAxisKeepsItsDrawsWhenAnotherIsTakenAway() throws {
        let space = try odysseySpace()
        let less = try SearchSpace([space.axes[1], space.axes[3]])
        for trial in 0..<20 {
            let (all, some) = (space.point(seed: 2, trial: trial), less.point(seed: 2, trial: trial))
            #expect(some["learning_rate"] == all["learning_rate"])
            #expect(some["noise"] == all["noise"])
        }
    }

    @Test func aPointGoesThroughTextAndBackAndStandsWhereItStood() throws {
        var axes = try odysseySpace().axes
        axes.append(try SearchAxis("word", .choice(["x", "y z"])))
        axes.append(try SearchAxis("count", .integer(1, 3)))
        let space = try SearchSpace(axes)
        let again = try SearchSpace(JSONCursor(JSON(parsing: space.json.text(), from: "test")))
        #expect(again == space)
        for trial in 0..<100 {
            let point = space.point(seed: 1, trial: trial)
            let read = try space.point(JSONCursor(JSON(parsing: point.json.text(), from: "test")))
            #expect(read == point)
            let units = try #require(space.units(of: read))
            let back = space.point(at: units)
            for name in point.names {
                // A rounding of logarithm and power.
                if let a = back[name]?.number, let b = point[name]?.number { #expect(isClose(a, b, 1e-12)) }
                if case .word = point[name] { #expect(back[name] == point[name]) }
            }
        }
    }

    @Test(arguments: [
        SearchAxis.Law.uniform(1, 1), .uniform(2, 1), .uniform(.nan, 1), .uniform(0, .infinity), .logUniform(0, 1),
        .logUniform(-1, 1), .oneMinusLogUniform(low: 0.1, high: 1.5), .oneMinusLogUniform(low: 0, high: 1),
        .integer(3, 3), .integer(.min, .max), .logInteger(0, 5), .choice([]), .choice(["a", "a"]),
    ])
    func aRangeThatIsNoneIsRefused(_ law: SearchAxis.Law) {
        #expect(throws: RecurrentError.self) { try SearchAxis("x", law) }
    }

    @Test func aSpaceOfNothingOrOfOneNameTwiceIsRefused() throws {
        #expect(throws: RecurrentError.self) { try SearchSpace([]) }
        let axis = try SearchAxis("x", .uniform(0, 1))
        #expect(throws: RecurrentError.self) { try SearchSpace([axis, axis]) }
    }

    @Test(arguments: [
        "[]", "{}", #"[{"name":"x"}]"#, #"[{"name":"x","law":"bogus"}]"#,
        #"[{"name":"x","law":"uniform","low":1,"high":0}]"#, #"[{"name":"x","law":"integer","low":1.5,"high":3}]"#,
        #"[{"name":"x","law":"choice","words":[1]}]"#, #"[{"name":"x","law":"log-uniform","low":0,"high":3}]"#,
    ])
    func aDamagedSpaceIsRefused(_ text: String) throws {
        let json = JSONCursor(try JSON(parsing: text, from: "study.json"), source: "study.json")
        #expect(throws: RecurrentError.self) { try SearchSpace(json) }
    }

    @Test func numbersBeyondTheCubeCountAsItsEnds() throws {
        let axis = try SearchAxis("x", .logInteger(20, 200))
        for unit in [-1, 2, .nan, .infinity, 1] { #expect((20...200).contains(Int(axis.value(at: unit).number ?? 0))) }
    }
}
