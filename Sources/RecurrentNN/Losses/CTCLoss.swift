public import RecurrentAutodiff
import RecurrentTensor

/// How the losses of the sequences of a batch become one value.
public enum SequenceReduction: Sendable, Hashable {
    /// One loss for each sequence.
    case none
    /// Their sum.
    case sum
    /// The mean over sequences of each loss divided by its number of labels, at least 1.
    case mean
}

/// The loss of connectionist temporal classification: labels are learnt from sequences without knowing where they stand.
///
///     loss_b = −ln Σ_π Π_t softmax(z_t,b)[π_t]     over the paths π of T_b classes that spell the labels of b
///
/// A path spells what is left when equal neighbours are made one and blanks are taken out. Equal to PyTorch's `log_softmax`
/// followed by `ctc_loss` with the same options, but for the gradient of a sequence without any alignment, which is zero
/// here whatever the options.
///
/// - Parameters:
///   - logits: scores before the softmax.
///   - targets: the labels of each sequence, classes other than the blank; a sequence may have none.
///   - lengths: the frames of each sequence; nil: all of them.
///   - blank: the class that stands for no label.
///   - reduction: how the losses become one value.
///   - zeroesInfinity: makes the loss of a sequence that is too short for its labels 0 instead of infinite.
/// - Shapes: `logits` [T, B, K]; the result is a scalar, or [B] without a reduction.
/// - Numerics: stable for logits of any size and sequences of any length; the gradient of a padded frame is exactly zero.
/// - Precondition: every label lies in 0..<K and is not the blank; lengths lie in 0...T.
/// - Source: Graves, Fernández, Gomez & Schmidhuber 2006.
public func ctcLoss(
    _ logits: Variable, targets: [[Int32]], lengths: [Int]? = nil, blank: Int = 0, reduction: SequenceReduction = .mean,
    zeroesInfinity: Bool = false
) -> Variable {
    var weights: [Double]?
    if reduction == .mean {
        weights = targets.map { 1 / (Double(max(1, $0.count)) * Double(max(1, targets.count))) }
    }
    let losses = logits.ctc(
        targets: targets, lengths: lengths, blank: blank, weights: weights, zeroesInfinity: zeroesInfinity)
    return reduction == .none ? losses : losses.sum()
}
