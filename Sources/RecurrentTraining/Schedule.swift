import RecurrentTensor

/// A learning rate over the steps of a run, as a factor of the base rate.
public struct Schedule: Sendable {
    /// The factor at a step, counted from 0.
    public let factor: @Sendable (_ step: Int) -> Double

    /// A schedule from a function of the step.
    public init(_ factor: @escaping @Sendable (_ step: Int) -> Double) { self.factor = factor }

    /// The base rate throughout.
    public static let constant = Schedule { _ in 1 }

    /// Multiplied by `gamma` after every `steps` steps.
    public static func step(every steps: Int, gamma: Double) -> Schedule {
        Schedule { Double.pow(gamma, Double($0 / max(1, steps))) }
    }

    /// A linear rise over `warmup` steps, then half a cosine down to `floor` at `total` steps.
    ///
    /// - Source: Loshchilov & Hutter 2017.
    public static func cosine(total: Int, warmup: Int = 0, floor: Double = 0) -> Schedule {
        Schedule { step in
            if step < warmup { return Double(step + 1) / Double(warmup) }
            let progress = min(1, Double(step - warmup) / Double(max(1, total - warmup)))
            return floor + (1 - floor) * 0.5 * (1 + Double.cos(Double.pi * progress))
        }
    }

    /// One cycle: a cosine rise from `start` to the base rate over the first `rise` part, then a cosine fall to `end`.
    ///
    /// - Source: Smith & Topin 2018; equal to PyTorch's `OneCycleLR` with `div_factor` 1/start, `final_div_factor`
    ///   start/end and cosine annealing.
    public static func oneCycle(
        total: Int, rise: Double = 0.3, start: Double = 1.0 / 25, end: Double = 1.0 / 25e4
    ) -> Schedule {
        let peak = rise * Double(total) - 1
        let last = Double(total) - 1
        return Schedule { step in
            func blend(_ a: Double, _ b: Double, _ part: Double) -> Double {
                b + (a - b) * 0.5 * (1 + Double.cos(Double.pi * min(1, max(0, part))))
            }
            let s = Double(step)
            return s <= peak ? blend(start, 1, s / max(1e-9, peak)) : blend(1, end, (s - peak) / max(1e-9, last - peak))
        }
    }
}

/// Lowers the learning rate when a metric stops improving.
///
/// - Source: PyTorch's `ReduceLROnPlateau` with relative threshold.
public struct ReduceOnPlateau: Sendable, Hashable {
    /// What the rate is multiplied by.
    public let gamma: Double
    /// How many epochs without improvement are tolerated.
    public let patience: Int
    /// The relative improvement that counts.
    public let threshold: Double
    /// The current factor of the base rate.
    public private(set) var factor = 1.0
    private var best = Double.infinity
    private var waited = 0

    /// Creates the rule.
    public init(gamma: Double = 0.5, patience: Int = 5, threshold: Double = 1e-4) {
        self.gamma = gamma
        self.patience = patience
        self.threshold = threshold
    }

    /// Takes the metric of an epoch, lower is better.
    public mutating func observe(_ metric: Double) {
        if metric < best * (1 - threshold) {
            best = metric
            waited = 0
        } else {
            waited += 1
            if waited > patience {
                factor *= gamma
                waited = 0
            }
        }
    }

    /// The memory of the rule, to be stored in a checkpoint.
    package var state: [Double] {
        get { [factor, best, Double(waited)] }
        set {
            guard newValue.count == 3, let waits = Int(exactly: newValue[2]) else { return }
            (factor, best, waited) = (newValue[0], newValue[1], waits)
        }
    }
}
