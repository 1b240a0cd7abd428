import RecurrentFormats
package import RecurrentTensor

// The operators that exporters use, each a line.
extension ONNXGraphBuilder {
    package func add(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Add", a, b) }
    package func subtract(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Sub", a, b) }
    package func multiply(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Mul", a, b) }
    package func divide(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Div", a, b) }
    package func maximum(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Max", a, b) }
    package func minimum(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Min", a, b) }
    package func matmul(_ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("MatMul", a, b) }
    package func negative(_ a: ONNXValue) -> ONNXValue { node("Neg", a) }
    package func exp(_ a: ONNXValue) -> ONNXValue { node("Exp", a) }
    package func sigmoid(_ a: ONNXValue) -> ONNXValue { node("Sigmoid", a) }
    package func tanh(_ a: ONNXValue) -> ONNXValue { node("Tanh", a) }
    package func softplus(_ a: ONNXValue) -> ONNXValue { node("Softplus", a) }
    package func add(_ a: ONNXValue, _ b: Double) -> ONNXValue { b == 0 ? a : add(a, scalar(b)) }
    package func multiply(_ a: ONNXValue, _ b: Double) -> ONNXValue { b == 1 ? a : multiply(a, scalar(b)) }
    package func subtract(_ a: Double, _ b: ONNXValue) -> ONNXValue { subtract(scalar(a), b) }

    /// `a` limited to low…high.
    package func clamped(_ a: ONNXValue, _ low: Double, _ high: Double) -> ONNXValue {
        node("Clip", a, scalar(low), scalar(high))
    }

    /// `a` where `mask` is true, `b` elsewhere.
    package func choose(_ mask: ONNXValue, _ a: ONNXValue, _ b: ONNXValue) -> ONNXValue { node("Where", mask, a, b) }

    /// A part of an axis.
    package func sliced(_ a: ONNXValue, _ range: Range<Int>, axis: Int) -> ONNXValue {
        node("Slice", a, ints([range.lowerBound]), ints([range.upperBound]), ints([axis]))
    }

    package func concatenated(_ values: [ONNXValue], axis: Int) -> ONNXValue {
        values.count == 1
            ? values[0] : nodes("Concat", values, outputs: ["concat"], [ONNXAttribute("axis", .int(Int64(axis)))])[0]
    }

    /// Another shape; 0 keeps an extent, −1 is found.
    package func reshaped(_ a: ONNXValue, _ shape: [Int]) -> ONNXValue { node("Reshape", a, ints(shape)) }
    package func transposed(_ a: ONNXValue, _ order: [Int]) -> ONNXValue {
        node("Transpose", a, attributes: [ONNXAttribute("perm", .ints(order.map { Int64($0) }))])
    }
    package func unsqueezed(_ a: ONNXValue, _ axis: Int) -> ONNXValue { node("Unsqueeze", a, ints([axis])) }
    package func squeezed(_ a: ONNXValue, _ axis: Int) -> ONNXValue { node("Squeeze", a, ints([axis])) }

    /// One entry of the first axis.
    package func entry(_ a: ONNXValue, _ index: Int) -> ONNXValue {
        squeezed(sliced(a, index..<index + 1, axis: 0), 0)
    }

    /// The extent of an axis, as a vector of one number.
    package func extent(_ a: ONNXValue, axis: Int) -> ONNXValue {
        node(
            "Shape", a,
            attributes: [
                ONNXAttribute("start", .int(Int64(axis))), ONNXAttribute("end", .int(Int64(axis + 1))),
            ])
    }

    /// Zeros of a shape that is itself a value.
    package func zeros(_ shape: ONNXValue) -> ONNXValue {
        node(
            "ConstantOfShape", shape,
            attributes: [ONNXAttribute("value", .tensor(ONNXTensor(Tensor([Float(0)]))))])
    }

    /// `x` Wᵀ + b along the last axis.
    package func affine(_ x: ONNXValue, _ weight: Tensor, _ bias: Tensor?, _ name: String = "") -> ONNXValue {
        let dot = name.isEmpty ? "" : name + "."
        let product = matmul(x, constant(weight.transposed(), dot + "weight"))
        return bias.map { add(product, constant($0, dot + "bias")) } ?? product
    }

    /// Rows of the last axis, normalised, scaled and shifted.
    package func layerNorm(_ x: ONNXValue, scale: Tensor, shift: Tensor?, epsilon: Double, _ name: String = "norm")
        -> ONNXValue
    {
        nodes(
            "LayerNormalization",
            [x, constant(scale, name + ".weight"), shift.map { constant($0, name + ".bias") }],
            outputs: ["normalized"],
            [ONNXAttribute("axis", .int(-1)), ONNXAttribute("epsilon", .float(Float(epsilon)))])[0]
    }

    /// A function of each element.
    package func activated(_ x: ONNXValue, _ activation: Activation) -> ONNXValue {
        func with(_ type: String, _ constants: [(String, Double)]) -> ONNXValue {
            node(type, x, attributes: constants.map { ONNXAttribute($0.0, .float(Float($0.1))) })
        }
        switch activation {
        case .sigmoid: return sigmoid(x)
        case .tanh: return tanh(x)
        case .identity: return x
        case .relu: return node("Relu", x)
        case .softplus: return softplus(x)
        case .softsign: return node("Softsign", x)
        case .hardTanh: return clamped(x, -1, 1)
        case .hardSigmoid(let slope, let offset): return with("HardSigmoid", [("alpha", slope), ("beta", offset)])
        case .affine(let slope, let offset): return add(multiply(x, slope), offset)
        case .scaledSigmoid(let scale, let shift): return add(multiply(sigmoid(x), scale), shift)
        case .scaledTanh(let scale, let slope): return multiply(tanh(multiply(x, slope)), scale)
        case .leakyReLU(let slope): return with("LeakyRelu", [("alpha", slope)])
        case .elu(let scale): return with("Elu", [("alpha", scale)])
        case .thresholdedReLU(let threshold): return with("ThresholdedRelu", [("alpha", threshold)])
        }
    }
}

extension Activation {
    /// The name and the constants as ONNX's recurrent operators have them; nil where they do not.
    var operatorForm: (name: String, alpha: Double?, beta: Double?)? {
        switch self {
        case .sigmoid: ("Sigmoid", nil, nil)
        case .tanh: ("Tanh", nil, nil)
        case .identity: ("Affine", 1, 0)
        case .relu: ("Relu", nil, nil)
        case .softplus: ("Softplus", nil, nil)
        case .softsign: ("Softsign", nil, nil)
        case .hardSigmoid(let slope, let offset): ("HardSigmoid", slope, offset)
        case .affine(let slope, let offset): ("Affine", slope, offset)
        case .scaledTanh(let scale, let slope): ("ScaledTanh", scale, slope)
        case .leakyReLU(let slope): ("LeakyRelu", slope, nil)
        case .elu(let scale): ("Elu", scale, nil)
        case .thresholdedReLU(let threshold): ("ThresholdedRelu", threshold, nil)
        case .hardTanh, .scaledSigmoid: nil
        }
    }

    /// The attributes of a recurrent operator with these activations in each direction.
    static func attributes(_ activations: [Activation], directions: Int) -> [ONNXAttribute]? {
        var (names, alphas, betas): ([String], [Float], [Float]) = ([], [], [])
        for _ in 0..<directions {
            for activation in activations {
                guard let form = activation.operatorForm else { return nil }
                names.append(form.name)
                if let alpha = form.alpha { alphas.append(Float(alpha)) }
                if let beta = form.beta { betas.append(Float(beta)) }
            }
        }
        return [.strings("activations", names)]
            + (alphas.isEmpty ? [] : [ONNXAttribute("activation_alpha", .floats(alphas))])
            + (betas.isEmpty ? [] : [ONNXAttribute("activation_beta", .floats(betas))])
    }
}
