public import RecurrentAutodiff
public import RecurrentTensor

/// The mean of squared errors, over all elements or weighted.
///
/// - Shapes: `prediction`, `target` and `weights`, if given, are equal; the result is a scalar.
public func meanSquaredError(_ prediction: Variable, _ target: Tensor, weights: Tensor? = nil) -> Variable {
    weightedMean((prediction - Variable(observed(target, weights))).squared(), weights, target, "meanSquaredError")
}

/// The mean of absolute errors, over all elements or weighted.
public func meanAbsoluteError(_ prediction: Variable, _ target: Tensor, weights: Tensor? = nil) -> Variable {
    weightedMean((prediction - Variable(observed(target, weights))).magnitude(), weights, target, "meanAbsoluteError")
}

/// Huber's loss: ½e² for |e| ≤ δ, else δ(|e| − ½δ).
///
/// - Source: Huber 1964; equal to PyTorch's `huber_loss`.
public func huberLoss(
    _ prediction: Variable, _ target: Tensor, delta: Double = 1, weights: Tensor? = nil
) -> Variable {
    let error = (prediction - Variable(observed(target, weights))).magnitude()
    let inner = error.clamped(0, delta)
    return weightedMean(inner * (error - inner * 0.5), weights, target, "huberLoss")
}

/// The quantile (pinball) loss: max(q·e, (q − 1)·e) for e = target − prediction, averaged over elements and quantiles.
///
/// - Shapes: `predictions` […, Q] in the order of `quantiles`; `target` and `weights` […].
public func quantileLoss(
    _ predictions: Variable, _ target: Tensor, quantiles: [Double], weights: Tensor? = nil
) -> Variable {
    precondition(
        predictions.shape == target.shape + [quantiles.count],
        "quantileLoss: predictions \(predictions.shape) do not fit target \(target.shape) and \(quantiles.count) quantiles"
    )
    let levels = Tensor(quantiles).converted(to: target.elementType)
    let error = Variable(observed(target, weights).reshaped(target.shape + [1])) - predictions
    let loss = (error * Variable(levels)).maximum(error * Variable(levels - 1))
    return weightedMean(loss.mean(axes: [-1]), weights, target, "quantileLoss")
}

/// The negative log-likelihood of a normal distribution with predicted mean and standard deviation.
///
/// - Shapes: all equal; `deviation` > 0.
public func gaussianLoss(
    mean: Variable, deviation: Variable, _ target: Tensor, weights: Tensor? = nil
) -> Variable {
    let z = (Variable(observed(target, weights)) - mean) / deviation
    let loss = z.squared() * 0.5 + deviation.log() + 0.5 * Double.log(2 * Double.pi)
    return weightedMean(loss, weights, target, "gaussianLoss")
}

/// The negative log-likelihood of Student's t distribution with predicted location and scale.
///
/// - Shapes: all equal; `scale` > 0.
/// - Precondition: `degreesOfFreedom` > 0.
public func studentTLoss(
    location: Variable, scale: Variable, degreesOfFreedom nu: Double, _ target: Tensor, weights: Tensor? = nil
) -> Variable {
    precondition(nu > 0, "studentTLoss: \(nu) degrees of freedom; more than 0 are needed")
    let constant = Double.logGamma(nu / 2) - Double.logGamma((nu + 1) / 2) + 0.5 * Double.log(nu * Double.pi)
    let z = (Variable(observed(target, weights)) - location) / scale
    let loss = (z.squared() / nu).log1p() * ((nu + 1) / 2) + scale.log() + constant
    return weightedMean(loss, weights, target, "studentTLoss")
}

/// The target with zeros where its weight is zero: a missing value may be NaN, and NaN times a zero gradient is NaN.
private func observed(_ target: Tensor, _ weights: Tensor?) -> Tensor {
    guard let weights else { return target }
    return Variable(target).selected(
        where: weights, otherwise: Variable(Tensor(zeros: target.shape, of: target.elementType))
    )
    .value
}

/// Σ w·loss / Σ w, or the plain mean; zero where all weights are zero.
private func weightedMean(_ loss: Variable, _ weights: Tensor?, _ target: Tensor, _ name: String) -> Variable {
    precondition(loss.shape == target.shape, "\(name): prediction \(loss.shape) and target \(target.shape) differ")
    guard let weights else { return loss.mean() }
    precondition(weights.shape == target.shape, "\(name): weights \(weights.shape) and target \(target.shape) differ")
    let total = weights.sum().item
    return (loss * Variable(weights)).sum() / (total == 0 ? 1 : total)
}
