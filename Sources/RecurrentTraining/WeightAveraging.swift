import RecurrentNN
import RecurrentTensor

/// A mean of the weights along the run, which often predicts better than the last weights: it is what is validated, and what
/// the run ends with.
public enum WeightAveraging: Sendable, Hashable {
    /// The mean that forgets: a ← d a + (1 − d) w after every update, with d at most `decay` and smaller at the beginning.
    ///
    /// - Source: Polyak & Juditsky 1992; the beginning: d = min(decay, (1 + n) / (10 + n)) at update n.
    case exponential(decay: Double)
    /// The plain mean of all weights since the validation metric stopped improving: since the first epoch whose metric is
    /// no better than the best one of those more than `patience` epochs before. With ``SGD`` this is NT-ASGD.
    ///
    /// - Source: Merity, Keskar & Socher 2018, algorithm 1.
    case nonMonotonic(patience: Int)
}

/// The mean of a run's weights so far.
struct AveragedWeights<Model: Module>: Sendable {
    /// The mean; nil before averaging has begun.
    var model: Model?
    /// The updates in the mean.
    var count = 0
    /// The validation metrics until averaging began.
    var metrics: [Double] = []

    /// Takes the weights after an update.
    mutating func add(_ current: Model, _ rule: WeightAveraging) {
        count += 1
        let share: Double
        switch rule {
        case .exponential(let decay): share = 1 - min(decay, Double(1 + count) / Double(10 + count))
        case .nonMonotonic:
            guard model != nil else { return }
            share = 1 / Double(count)
        }
        guard model != nil else {
            model = current
            return
        }
        let weights = Dictionary(current.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        model?.updateParameters { name, mean in
            guard let weight = weights[name] else { return }
            mean = mean + (weight - mean) * share
        }
    }

    /// Takes the metric of an epoch, after which averaging may begin.
    mutating func observe(_ metric: Double, of current: Model, _ rule: WeightAveraging) {
        guard case .nonMonotonic(let patience) = rule, model == nil else { return }
        if let best = metrics.dropLast(patience).min(), metric > best {
            (model, count) = (current, 1)
        }
        metrics.append(metric)
    }
}
