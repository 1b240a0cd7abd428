import RecurrentAutodiff
import RecurrentCharts
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

/// Which part of a signal decided the answer: the gradient of the answer times the input.
///
/// Above 0 a number spoke for the answer, below 0 against it; the mean of the channel is what it is compared with. The answer
/// is the logarithm of the odds of the class, or the number of a regressor.
///
/// - Source: Shrikumar et al. 2016 for the product; it is exact for what is linear and a hint for what is not.
public struct SignalExplanation: Sendable, Hashable {
    /// What was answered, for a person.
    public let answer: String
    /// The names of the channels.
    public let channels: [String]
    /// The numbers of each channel, [C][T]; NaN where one was missing.
    public let values: [[Float]]
    /// What each number did for the answer, [C][T].
    public let weights: [[Double]]

    /// What a channel did for the answer, the sizes of its weights taken together.
    func importance(_ channel: Int) -> Double { weights[channel].reduce(0) { $0 + abs($1) } }

    /// The traces, each above a strip of colours that tells what spoke for the answer and what against it; of more than 12
    /// channels those that did most.
    public var svg: String {
        let order = channels.indices.sorted { (-importance($0), $0) < (-importance($1), $1) }.prefix(12).sorted()
        let strips = order.flatMap { channel -> [StripChart.Strip] in
            let line = LineChart.Series(channels[channel], .history, y: values[channel].map { Double($0) })
            return [
                StripChart.Strip(channels[channel], .lines([line], isLogarithmic: false)),
                StripChart.Strip(channels[channel] + ": for, against", .heat([weights[channel]], .diverging)),
            ]
        }
        let steps = (0..<(values.first?.count ?? 0)).map { "\($0 + 1)" }
        return StripChart(
            title: answer, subtitle: "gradient times input: what spoke for the answer and what against it",
            stepAxis: "step", columns: [StripChart.Column(title: "", stepNames: steps, strips: strips)]
        ).svg()
    }

    /// The weights by channel.
    public var json: JSON {
        var object = JSONObject()
        for (channel, weights) in zip(channels, weights) { object[channel] = .array(weights.map { JSON($0) }) }
        return .object(object)
    }
}

extension SignalClassifier {
    /// Tells which part of a signal decided its class.
    ///
    /// - Throws: as ``predict(_:)-(SignalSequence)``.
    public func explain(_ sequence: SignalSequence) throws -> SignalExplanation {
        let prediction = try predict(sequence)
        let answer = "\(prediction.label), probability \(NumberText.fixed(prediction.probability, 4))"
        return try core.explanation(sequence, answer: answer, output: labels.firstIndex(of: prediction.label) ?? 0)
    }
}

extension SignalRegressor {
    /// Tells which part of a signal decided its number.
    ///
    /// - Throws: as ``predict(_:)-(SignalSequence)``.
    public func explain(_ sequence: SignalSequence) throws -> SignalExplanation {
        let value = try predict(sequence)
        return try core.explanation(sequence, answer: NumberText.compact(value, digits: 6), output: 0)
    }
}

extension SignalCore {
    func explanation(_ sequence: SignalSequence, answer: String, output: Int) throws -> SignalExplanation {
        let (C, F) = (recipe.channels, recipe.featureCount)
        let T = min(sequence.values.count / C, recipe.maximumLength)
        var weights = [[Double]](repeating: [Double](repeating: 0, count: T), count: C)
        let rows = SignalFeatures(recipe: recipe).rows(of: sequence)
        for network in ensemble.networks {
            var scaled = rows
            let scale = network.scale
            scale.apply(&scaled)
            let products = try SignalProbe.products(of: network, scaled, output: output)
            let size = labels.isEmpty ? Double(network.targetScale.deviation) : 1
            for t in 0..<T {
                for f in 0..<F {
                    guard let channel = recipe.channel(ofFeature: f) else { continue }
                    weights[channel][t] += size * products[t * F + f] / Double(ensemble.networks.count)
                }
            }
        }
        let values = (0..<C).map { c in (0..<T).map { sequence.values[$0 * C + c] } }
        return SignalExplanation(answer: answer, channels: channels, values: values, weights: weights)
    }
}

extension SignalRecipe {
    /// The channel that a feature was made of; nil: the time between steps.
    func channel(ofFeature feature: Int) -> Int? {
        if feature < channels { return feature }
        if feature < channels + indicators.count { return indicators[feature - channels] }
        let rest = feature - channels - indicators.count
        return hasDifferences && rest < channels ? rest : nil
    }
}

/// The input of a network as what gradients are taken of, the network as it is.
private struct SignalProbe: Module {
    var input: Parameter

    mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("input", &input) }

    /// Gradient times input of scaled rows, [T, F].
    static func products(of network: SignalNetwork, _ rows: [Float], output: Int) throws -> [Double] {
        // What is dropped while gradients are taken would make the answer one of chance.
        var recipe = network.recipe
        (recipe.hiddenDropout, recipe.outputDropout) = (0, 0)
        var quiet = try SignalNetwork(recipe, key: RandomKey(seed: 0))
        try quiet.load(Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first })
        quiet.freeze()
        let batch = SignalBatch([rows], recipe: recipe)
        let probe = SignalProbe(input: Parameter(batch.input))
        let (_, gradients) = probe.valueAndGradient { probe in
            let scores = quiet(probe.input.variable, lengths: batch.lengths).outputs
            return logOdds(scores, output)
        }
        guard let slope = gradients["input"] else { return [Double](repeating: 0, count: rows.count) }
        let products = zip(slope.scalars(of: Float.self), batch.input.scalars(of: Float.self)).map {
            Double($0) * Double($1)
        }
        // Steps that were put side by side follow one another again; what was added to fill the last one is left out.
        return Array(products.prefix(rows.count))
    }

    /// The logarithm of the odds of a class, or the one output of a regressor.
    private static func logOdds(_ scores: Variable, _ output: Int) -> Variable {
        let K = scores.shape[1]
        guard K > 1 else { return scores.sum() }
        let top = scores.value.scalars(of: Float.self).max() ?? 0
        var others = [Float](repeating: 1, count: K)
        others[output] = 0
        let shifted = scores - Double(top)
        let rest = (shifted.exp() * Variable(Tensor(others, shape: [1, K]))).sum().log()
        return shifted.sliced(output..<output + 1, axis: 1).sum() - rest
    }
}
