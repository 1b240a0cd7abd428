import RecurrentCharts
import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Units whose sensor rises as they wear, faster towards the end; the others are constant or noise.
private func units(_ count: Int, seed: UInt64 = 1, cut: Bool = false, censored: Int = 0) -> [UnitHistory] {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { index in
        let life = 40 + stream.below(40)
        let seen = cut || index < censored ? 15 + stream.below(life - 20) : life
        var values: [Float] = []
        for step in 0..<seen {
            let left = Double(life - 1 - step)
            values.append(Float(Double.exp(-left / 15) * 3 + 0.1 * stream.normal()))
            values.append(7)
            values.append(Float(stream.normal()))
        }
        let end: Double? = cut ? Double(life - seen) : index < censored ? nil : 0
        return UnitHistory(
            name: "\(index + 1)", times: (0..<seen).map { Double($0 + 1) }, values: values, lifeAtEnd: end)
    }
}

private let channels = ["wear", "constant", "noise"]

private func options(epochs: Int = 60) -> RemainingLifeOptions {
    var options = RemainingLifeOptions()
    options.cap = 40
    options.epochs = epochs
    options.adjustRecipe = { recipe in
        (recipe.hiddenSize, recipe.averageDecay, recipe.learningRate) = (16, 0.9, 1e-2)
    }
    return options
}

@Suite struct RemainingLifeTests {
    @Test func theLifeOfUnitsIsLearnt() throws {
        let task = try RemainingLifeTask(units(60), channels: channels, reading: UnitTableOptions(), options: options())
        #expect(task.notes.contains { $0.contains("do not vary") && $0.contains("constant") })
        var session = try TaskSession(task)
        try session.run()
        let model = try session.model()
        let test = units(40, seed: 2, cut: true)
        let report = try model.evaluate(test, channels: channels)
        let mean = test.reduce(0.0) { $0 + min(40, $1.lifeAtEnd ?? 0) } / 40
        let spread =
            (test.reduce(0.0) { $0 + (min(40, $1.lifeAtEnd ?? 0) - mean) * (min(40, $1.lifeAtEnd ?? 0) - mean) } / 40)
            .squareRoot()
        #expect(report.cappedRootMeanSquare < spread / 2)
        #expect(try #require(model.validationError) < spread)
        let lives = try model.lives(test, channels: channels)
        #expect(zip(lives, test).allSatisfy { $0.count == $1.stepCount && $0.allSatisfy { $0 >= 0 && $0 <= 40 } })
        #expect(try model.picture(test, channels: channels).svg().contains("told"))
    }

    @Test func whatComesLaterDoesNotChangeWhatWasTold() throws {
        let model = try RemainingLifeModel.fit(units(20), channels: channels, options: options(epochs: 3))
        let whole = units(3, seed: 2)
        let all = try model.lives(whole, channels: channels)
        for cut in whole[0].cuts(4) {
            #expect(try model.lives([cut], channels: channels)[0] == Array(all[0].prefix(cut.stepCount)))
        }
    }

    @Test func aUnitThatWasSeenNoLongerCountsAsALowerBound() throws {
        // Half of the units were seen for a part of their lives. Were they taken to fail where they were last seen, every life
        // would be told too short.
        let training = units(60, censored: 30)
        let wrong = training.map {
            UnitHistory(name: $0.name, times: $0.times, values: $0.values, lifeAtEnd: $0.lifeAtEnd ?? 0)
        }
        let test = units(40, seed: 2, cut: true)
        let bounded = try RemainingLifeModel.fit(training, channels: channels, options: options())
        let naive = try RemainingLifeModel.fit(wrong, channels: channels, options: options())
        let errors = try [bounded, naive].map { try $0.evaluate(test, channels: channels).cappedRootMeanSquare }
        #expect(errors[0] < 0.8 * errors[1])
        #expect(throws: RecurrentError.self) {
            try RemainingLifeModel.fit(units(4, censored: 4), channels: channels, options: options())
        }
    }

    @Test func aFolderGivesTheSameAnswers() throws {
        let model = try RemainingLifeModel.fit(units(20), channels: channels, options: options(epochs: 2))
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let test = units(5, seed: 2, cut: true)
        let again = try RemainingLifeModel(folder: folder)
        #expect(try again.lives(test, channels: channels) == model.lives(test, channels: channels))
        // The columns may stand in another order, under the same names.
        let turned = test.map { unit in
            UnitHistory(
                name: unit.name, times: unit.times,
                values: (0..<unit.stepCount).flatMap { [unit.values[3 * $0 + 2], unit.values[3 * $0]] },
                lifeAtEnd: unit.lifeAtEnd)
        }
        #expect(try again.lives(turned, channels: ["noise", "wear"]) == model.lives(test, channels: channels))
        #expect(throws: RecurrentError.self) { try again.lives(turned, channels: ["noise", "other"]) }
    }

    @Test func aRunGoesOnFromItsFolder() throws {
        let task = try RemainingLifeTask(
            units(20, censored: 3), channels: channels, reading: UnitTableOptions(), options: options(epochs: 2))
        let folder = temporaryFolder()
        var session = try TaskSession(task)
        try session.begin(in: folder)
        var again = try TaskSession<RemainingLifeTask>(resuming: folder)
        try session.run()
        try again.run()
        let test = units(3, seed: 2)
        #expect(try session.model().lives(test, channels: channels) == again.model().lives(test, channels: channels))
    }

    @Test func theScoreOfTheChallengeWeighsLatenessMore() {
        let early = RemainingLifeReport(units: [.init(name: "1", actual: 50, predicted: 37)], cap: nil)
        let late = RemainingLifeReport(units: [.init(name: "1", actual: 50, predicted: 60)], cap: 55)
        // e − 1, in doubles.
        #expect(abs(early.score - 1.718_281_828_459_045) < 1e-12)
        #expect(abs(late.score - 1.718_281_828_459_045) < 1e-12)
        #expect(early.rootMeanSquare == 13 && late.cappedRootMeanSquare == 10)
        let capped = RemainingLifeReport(units: [.init(name: "1", actual: 80, predicted: 55)], cap: 55)
        #expect(capped.cappedRootMeanSquare == 0 && capped.rootMeanSquare == 25)
    }
}
