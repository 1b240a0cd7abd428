import RecurrentFormats
import RecurrentSearch
import RecurrentTensor
import Testing

/// Golden values of Fixtures/make_evolution.py.
private func golden() throws -> JSONCursor {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let path = folder + "/Fixtures/evolution.json"
    return JSONCursor(try JSON(parsing: FileSystem().read(path), from: path, category: .badData), source: path)
}

/// A rotation of n dimensions, row by row.
private func rotation(_ n: Int, seed: UInt64) throws -> [[Double]] {
    var stream = RandomStream(seed: seed)
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
        for j in 0...i {
            let value = stream.normal()
            (matrix[i * n + j], matrix[j * n + i]) = (value, value)
        }
    }
    let eigen = try #require(SymmetricEigen(matrix, size: n))
    return (0..<n).map { Array(eigen.vectors[$0 * n..<($0 + 1) * n]) }
}

private func turned(_ x: [Double], _ q: [[Double]]) -> [Double] {
    q.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
}

@Suite struct CMAESTests {
    @Test func theUpdateIsThatOfTheEquations() throws {
        for record in try golden()["cma"].elements() {
            let n = try record["dimension"].int()
            var settings = CMAESSettings()
            settings.populationSize = try record["population"].int()
            settings.isActive = try record["active"].bool()
            var search = try CMAES(start: [Double](repeating: 0, count: n), deviation: 0.7, settings: settings)
            for generation in try record["steps"].elements() {
                search.advance(along: try generation.elements().map { try $0.doubles() })
            }
            // Both are double; eigenvectors come another way, hence not the last bits.
            func expectClose(_ a: [Double], _ b: [Double], _ what: String) {
                #expect(a.count == b.count)
                for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-12, "\(what): \(x) and \(y)") }
            }
            expectClose(search.mean, try record["mean"].doubles(), "mean")
            expectClose([search.deviation], [try record["deviation"].double()], "deviation")
            expectClose(search.covariance, try record["covariance"].doubles(), "covariance")
            expectClose(search.stepPath, try record["step_path"].doubles(), "step path")
            expectClose(search.shapePath, try record["shape_path"].doubles(), "shape path")
        }
    }

    @Test func eigenvaluesAreThoseOfLAPACKAndVectorsRebuildTheMatrix() throws {
        for record in try golden()["eigen"].elements() {
            let n = try record["size"].int()
            let matrix = try record["matrix"].doubles()
            let eigen = try #require(SymmetricEigen(matrix, size: n))
            let known = try record["values"].doubles()
            let size = known.map(abs).max() ?? 1
            // A backward stable method: errors of some units in the last place of the largest eigenvalue.
            for (x, y) in zip(eigen.values, known) { #expect(abs(x - y) <= 1e-13 * size) }
            for i in 0..<n {
                for j in 0..<n {
                    var (sum, product) = (0.0, 0.0)
                    for k in 0..<n {
                        sum += eigen.values[k] * eigen.vectors[k * n + i] * eigen.vectors[k * n + j]
                        product += eigen.vectors[i * n + k] * eigen.vectors[j * n + k]
                    }
                    #expect(abs(sum - matrix[i * n + j]) <= 1e-13 * size * Double(n))
                    #expect(abs(product - (i == j ? 1 : 0)) <= 1e-13 * Double(n))
                }
            }
        }
        #expect(SymmetricEigen([1, .nan, .nan, 1], size: 2) == nil)
        #expect(SymmetricEigen([.infinity], size: 1) == nil)
    }

    /// The same steps, turned, turn everything that is learned.
    @Test func aTurnedObjectiveTurnsTheWholeSearch() throws {
        let n = 6
        let q = try rotation(n, seed: 3)
        var (plain, other) = (
            try CMAES(start: [Double](repeating: 0, count: n), deviation: 1),
            try CMAES(start: [Double](repeating: 0, count: n), deviation: 1)
        )
        var stream = RandomStream(seed: 9)
        for _ in 0..<20 {
            let steps = (0..<plain.populationSize).map { _ in (0..<n).map { _ in stream.normal() } }
            plain.advance(along: steps)
            other.advance(along: steps.map { turned($0, q) })
        }
        #expect(abs(plain.deviation - other.deviation) < 1e-10 * plain.deviation)
        for (a, b) in zip(turned(plain.mean, q), other.mean) { #expect(abs(a - b) < 1e-10) }
        // C' = Q C Qᵀ
        let c = plain.covariance
        let half = (0..<n).map { j in turned((0..<n).map { c[$0 * n + j] }, q) }
        for i in 0..<n {
            let row = turned((0..<n).map { half[$0][i] }, q)
            for j in 0..<n { #expect(abs(row[j] - other.covariance[i * n + j]) < 1e-10) }
        }
    }

    private static func sphere(_ x: [Double]) -> Double {
        -x.enumerated().reduce(0) { $0 + Double($1.0 + 1) * $1.1 * $1.1 }
    }

    @Test(arguments: CMAESSettings.Form.allCases)
    func onlyTheOrderOfFitnessesCounts(_ form: CMAESSettings.Form) throws {
        var settings = CMAESSettings()
        settings.form = form
        var (plain, other) = (
            try CMAES(start: [1, 2, 3, 4], deviation: 1, settings: settings),
            try CMAES(start: [1, 2, 3, 4], deviation: 1, settings: settings)
        )
        for _ in 0..<60 {
            let (a, b) = (plain.ask(), other.ask())
            #expect(a == b)
            plain.tell(a, fitness: a.map(Self.sphere))
            other.tell(b, fitness: b.map { 5 - Double.log(1 - Self.sphere($0)) })
        }
        #expect(plain.deviation == other.deviation)
    }

    @Test func anIllScaledEllipsoidIsSolvedInAnyDirection() throws {
        let q = try rotation(8, seed: 1)
        for turns in [false, true] {
            var search = try CMAES(start: [Double](repeating: 1, count: 8), deviation: 1)
            var evaluations = 0
            while search.stopReason == nil, evaluations < 20_000 {
                let members = search.ask()
                search.tell(
                    members,
                    fitness: members.map { x in
                        let y = turns ? turned(x, q) : x
                        return -y.enumerated().reduce(0.0) { $0 + Double.pow(10, Double($1.0) * 6 / 7) * $1.1 * $1.1 }
                    })
                evaluations += members.count
            }
            #expect(search.best.map { $0.fitness > -1e-10 } ?? false)
            #expect(evaluations < 6000)
        }
    }

    @Test func candidatesStayWithinTheirBounds() throws {
        var settings = CMAESSettings()
        settings.bounds = try SearchBounds(-1...2, count: 3)
        var search = try CMAES(start: [0, 0, 0], deviation: 5, settings: settings)
        for _ in 0..<80 {
            let members = search.ask()
            #expect(members.joined().allSatisfy { (-1...2).contains($0) })
            // The best place is a corner.
            search.tell(members, fitness: members.map { $0.reduce(0, +) })
        }
        #expect((search.best?.fitness ?? 0) > 6 - 1e-3)
    }

    @Test func foldingMirrorsAtTheBounds() throws {
        let bounds = try SearchBounds(0...1, count: 1)
        for (x, folded) in [(0.25, 0.25), (1.25, 0.75), (-0.25, 0.25), (2.25, 0.25), (-1.75, 0.25), (1e300, 1.0)] {
            let y = bounds.folded([x])[0]
            #expect(x == 1e300 ? (0...1).contains(y) : abs(y - folded) < 1e-15)
        }
        #expect(bounds.folded([.infinity]) == [1])
        #expect(throws: RecurrentError.self) { try SearchBounds(lower: [0], upper: [0]) }
    }

    @Test func restartsDoubleThePopulationAndKeepTheBest() throws {
        var search = try RestartedCMAES(start: [3, 3], deviation: 1, restarts: .ipop)
        var sizes: [Int] = []
        while search.restartCount < 3 {
            let members = search.ask()
            if sizes.last != members.count { sizes.append(members.count) }
            search.tell(members, fitness: members.map(Self.sphere))
        }
        #expect(sizes == [6, 12, 24])
        #expect(search.ask().count == 48)
        #expect((search.best?.fitness ?? -1) > -1e-15)
    }

    @Test func bipopHasSmallSearchesBetweenLargeOnes() throws {
        var search = try RestartedCMAES(start: [3, 3], deviation: 1, restarts: .bipop)
        var sizes: Set<Int> = []
        while search.restartCount < 8 {
            let members = search.ask()
            sizes.insert(members.count)
            search.tell(members, fitness: members.map(Self.sphere))
        }
        #expect(sizes.contains(6) && sizes.contains(12) && sizes.contains { $0 > 12 })
    }

    @Test func aPopulationOfOneIsRefused() throws {
        var settings = CMAESSettings()
        settings.populationSize = 1
        let error = #expect(throws: RecurrentError.self) {
            try CMAES(start: [0, 0], deviation: 1, settings: settings)
        }
        #expect(error?.what == "CMA-ES cannot work with a population of 1")
        #expect(error?.category == .usage)
        #expect(throws: RecurrentError.self) { try CMAES(start: [], deviation: 1) }
        #expect(throws: RecurrentError.self) { try CMAES(start: [.nan], deviation: 1) }
        #expect(throws: RecurrentError.self) { try CMAES(start: [0], deviation: 0) }
    }
}
