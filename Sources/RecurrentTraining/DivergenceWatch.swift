import RecurrentNN
import RecurrentTensor

/// Notices a diverging run in the step where it happens.
struct DivergenceWatch: Sendable {
    private(set) var recent: [Double] = []
    private(set) var highSteps = 0
    private static let window = 101
    private static let factor = 10.0
    private static let patience = 50

    /// Takes the loss of a step; the error to stop with, if the run has diverged.
    mutating func observe(
        loss: Double, gradientNorm: Double, gradients: Gradients, model: some Module, step: Int
    ) -> RecurrentError? {
        guard loss.isFinite, gradientNorm.isFinite else {
            return RecurrentError(
                .diverged, "training diverged in step \(step): \(culprit(loss, gradients, model))",
                why: "the loss was \(recent.last.map { "\($0)" } ?? "not known") one step earlier",
                help: "lower the learning rate, or clip gradients more tightly; the last checkpoint is intact")
        }
        let median = recent.sorted().dropFirst(recent.count / 2).first ?? loss
        highSteps = recent.count >= 10 && loss > Self.factor * abs(median) ? highSteps + 1 : 0
        if highSteps == 0 {
            recent.append(loss)
            if recent.count > Self.window { recent.removeFirst() }
        }
        guard highSteps >= Self.patience else { return nil }
        return RecurrentError(
            .diverged,
            "training diverged: the loss has been above \(Self.factor) times its median for \(highSteps) steps",
            why: "the loss is \(loss) in step \(step); its median was \(median)",
            help: "lower the learning rate, or clip gradients more tightly; the last checkpoint is intact")
    }

    private func culprit(_ loss: Double, _ gradients: Gradients, _ model: some Module) -> String {
        if let name = model.parameters.first(where: { !$0.value.isFinite })?.name {
            return "the parameter '\(name)' is not finite"
        }
        let names = zip(gradients.names, gradients.tensors).filter { !($0.1?.isFinite ?? true) }.map(\.0)
        // Walking backwards, NaN enters at the parameter nearest to the loss and spreads towards the input.
        if let name = names.last, loss.isFinite { return "the gradient of '\(name)' is not finite" }
        return "the loss is \(loss), though every parameter is finite"
            + (names.last.map { "; the first gradient to fail is that of '\($0)'" } ?? "")
    }

    /// The memory of the watch, to be stored in a checkpoint.
    var state: [Double] {
        get { [Double(highSteps)] + recent }
        set {
            highSteps = newValue.first.flatMap { Int(exactly: $0) } ?? 0
            recent = Array(newValue.dropFirst())
        }
    }
}
