package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The network of a classifier or regressor of signals.
///
///     u = relu(convolution(x))          where there are filters, else x
///     h = layers(u)                     outputs = W pool(h) + b
///
/// - Shapes: x [T, B, F] → outputs [B, K].
/// - Source: Graves & Schmidhuber 2005 for the recurrent layers.
package struct SignalNetwork: Module {
    let recipe: SignalRecipe
    /// The scale of what it learned from, [F] each.
    private var mean: Parameter
    private var deviation: Parameter
    /// Mean and deviation of a regressor's numbers, [2].
    private var target: Parameter
    private var convolution: SignalConvolution?
    private var stack: RecurrentStack
    private var attention: Parameter?
    private var head: Linear

    package init(_ recipe: SignalRecipe, key: RandomKey) throws(RecurrentError) {
        self.recipe = recipe
        func constant(_ values: Tensor) -> Parameter {
            var parameter = Parameter(values)
            parameter.isTrainable = false
            return parameter
        }
        mean = constant(Tensor(zeros: [recipe.featureCount]))
        deviation = constant(Tensor([Float](repeating: 1, count: recipe.featureCount)))
        target = constant(Tensor([0, 1] as [Float]))
        if recipe.filters > 0 {
            convolution = SignalConvolution(
                inputSize: recipe.inputSize, filters: recipe.filters, kernel: recipe.kernel, stride: recipe.stride,
                key: key.substream(0))
        }
        var layers: [any RecurrentLayer] = []
        for index in 0..<recipe.layers {
            let (input, own) = (layers.last?.outputSize ?? recipe.layerInput, key.substream(UInt64(10 + index)))
            layers.append(
                recipe.isBidirectional
                    ? try Bidirectional(
                        named: recipe.cell, inputSize: input, hiddenSize: recipe.hiddenSize, key: own)
                    : try CellCatalog.layer(
                        named: recipe.cell, inputSize: input, hiddenSize: recipe.hiddenSize, key: own))
        }
        stack = try RecurrentStack(layers, dropout: recipe.hiddenDropout)
        if recipe.hasAttention { attention = Parameter(.glorotUniform(1, stack.outputSize, key: key.substream(2))) }
        head = Linear(
            inputSize: stack.outputSize * (recipe.pooling == .all ? 3 : 1), outputSize: recipe.outputs,
            key: key.substream(3))
    }

    /// The scale of its features.
    var scale: SignalScale {
        get {
            var scale = SignalScale(features: recipe.featureCount)
            scale.mean = mean.value.scalars(of: Float.self)
            scale.deviation = deviation.value.scalars(of: Float.self)
            return scale
        }
        set {
            mean.value = Tensor(newValue.mean)
            deviation.value = Tensor(newValue.deviation)
        }
    }

    /// Mean and deviation of a regressor's numbers.
    var targetScale: (mean: Float, deviation: Float) {
        get {
            let numbers = target.value.scalars(of: Float.self)
            return (numbers[0], numbers[1])
        }
        set { target.value = Tensor([newValue.mean, newValue.deviation]) }
    }

    /// Takes no gradients of its own from now on.
    mutating func freeze() {
        var freezer = Freezer()
        visitParameters(&freezer)
    }

    /// The outputs, [B, K], and how much attention each step has, [T, B], where there is any.
    package func callAsFunction(_ batch: SignalBatch) -> (outputs: Variable, attention: Variable?) {
        self(Variable(batch.input), lengths: batch.lengths)
    }

    /// As above, of an input that may be recorded.
    package func callAsFunction(
        _ input: Variable, lengths: [Int]
    ) -> (outputs: Variable, attention: Variable?) {
        var (x, lengths) = (input, lengths)
        if let convolution { (x, lengths) = convolution(x, lengths: lengths) }
        let h = stack(x, lengths: lengths)
        let (vector, weights) = recipe.pooling.pooled(h, lengths: lengths, attention: attention) {
            lastSteps(h, lengths)
        }
        return (head(vector.dropout(recipe.outputDropout)), weights)
    }

    /// The last step of each direction, [B, Y]: a reverse layer's is the first of the sequence.
    private func lastSteps(_ h: Variable, _ lengths: [Int]) -> Variable {
        let (T, B, Y) = (h.shape[0], h.shape[1], h.shape[2])
        let rows = h.reshaped([T * B, Y])
        let ends = Tensor((0..<B).map { Int32(max(0, lengths[$0] - 1) * B + $0) })
        let last = rows.gathered(ends)
        guard recipe.isBidirectional else { return last }
        let first = rows.gathered(Tensor((0..<B).map { Int32($0) }))
        return Variable.concatenated(
            [last.sliced(0..<Y / 2, axis: 1), first.sliced(Y / 2..<Y, axis: 1)], axis: 1)
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("input.mean", &mean)
        visit("input.deviation", &deviation)
        visit("target.moments", &target)
        if var convolution {
            visit("convolution", &convolution)
            self.convolution = convolution
        }
        visit("recurrent", &stack)
        visit("attention.weight", &attention)
        visit("head", &head)
    }
}

/// Filters over a few steps, one place every few steps: a short way from a long sequence to a shorter one.
///
///     y_p = relu(b + Σ_k W_k x_{stride·p + k − (kernel − 1)/2})
///
/// What lies outside a sequence is 0.
///
/// - Shapes: [T, B, I] → [⌈T / stride⌉, B, O].
struct SignalConvolution: Module {
    private var weight: Parameter
    private var bias: Parameter
    private let stride: Int
    private let padding: Int

    init(inputSize: Int, filters: Int, kernel: Int, stride: Int, key: RandomKey) {
        let flat = Tensor.glorotUniform(filters, inputSize * kernel, key: key)
        weight = Parameter(flat.reshaped([filters, inputSize, kernel]))
        bias = Parameter(Tensor(zeros: [filters]))
        (self.stride, padding) = (stride, (kernel - 1) / 2)
    }

    func callAsFunction(_ x: Variable, lengths: [Int]) -> (Variable, lengths: [Int]) {
        let y = x.transposed([1, 2, 0]).convolution(
            weight.variable, bias.variable, stride: [stride], padding: [padding])
        return (y.relu().transposed([2, 0, 1]), lengths.map { ($0 + stride - 1) / stride })
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
    }
}

/// Makes parameters constants.
private struct Freezer: ParameterVisitor {
    var prefix = ""

    mutating func visit(_ path: String, _ parameter: inout Parameter) { parameter.isTrainable = false }
}
