import RecurrentFormats
package import RecurrentTensor

// The operators that exporters use, each a line.
extension ONNXGraphBuilder {
    package func add(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Add", a, b) }
    package func subtract(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Sub", a, b) }
    package func multiply(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Mul", a, b) }
    package func divide(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Div", a, b) }
    package func maximum(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Max", a, b) }
    package func minimum(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("Min", a, b) }
    package func matmul(_ a: GraphValue, _ b: GraphValue) -> GraphValue { node("MatMul", a, b) }
    package func negative(_ a: GraphValue) -> GraphValue { node("Neg", a) }
    package func exp(_ a: GraphValue) -> GraphValue { node("Exp", a) }
    package func sigmoid(_ a: GraphValue) -> GraphValue { node("Sigmoid", a) }
    package func tanh(_ a: GraphValue) -> GraphValue { node("Tanh", a) }
    package func softplus(_ a: GraphValue) -> GraphValue { node("Softplus", a) }
    package func add(_ a: GraphValue, _ b: Double) -> GraphValue { b == 0 ? a : add(a, scalar(b)) }
    package func multiply(_ a: GraphValue, _ b: Double) -> GraphValue { b == 1 ? a : multiply(a, scalar(b)) }
    package func subtract(_ a: Double, _ b: GraphValue) -> GraphValue { subtract(scalar(a), b) }

    /// `a` limited to low…high.
    package func clamped(_ a: GraphValue, _ low: Double, _ high: Double) -> GraphValue {
        node("Clip", a, scalar(low), scalar(high))
    }

    /// `a` where `mask` is true, `b` elsewhere.
    package func choose(_ mask: GraphValue, _ a: GraphValue, _ b: GraphValue) -> GraphValue {
        node("Where", mask, a, b)
    }

    /// A part of an axis.
    package func sliced(_ a: GraphValue, _ range: Range<Int>, axis: Int) -> GraphValue {
        node("Slice", a, ints([range.lowerBound]), ints([range.upperBound]), ints([axis]))
    }

    package func concatenated(_ values: [GraphValue], axis: Int) -> GraphValue {
        values.count == 1
            ? values[0] : nodes("Concat", values, outputs: ["concat"], [ONNXAttribute("axis", .int(Int64(axis)))])[0]
    }

    /// Another shape; 0 keeps an extent, −1 is found.
    package func reshaped(_ a: GraphValue, _ shape: [Int]) -> GraphValue { node("Reshape", a, ints(shape)) }
    package func transposed(_ a: GraphValue, _ order: [Int]) -> GraphValue {
        node("Transpose", a, attributes: [ONNXAttribute("perm", .ints(order.map { Int64($0) }))])
    }
    package func unsqueezed(_ a: GraphValue, _ axis: Int) -> GraphValue { node("Unsqueeze", a, ints([axis])) }
    package func squeezed(_ a: GraphValue, _ axis: Int) -> GraphValue { node("Squeeze", a, ints([axis])) }

    /// One entry of the first axis.
    package func entry(_ a: GraphValue, _ index: Int) -> GraphValue {
        squeezed(sliced(a, index..<index + 1, axis: 0), 0)
    }

    /// The extent of an axis, as a vector of one number.
    package func extent(_ a: GraphValue, axis: Int) -> GraphValue {
        node(
            "Shape", a,
            attributes: [
                ONNXAttribute("start", .int(Int64(axis))), ONNXAttribute("end", .int(Int64(axis + 1))),
            ])
    }

    /// Zeros of a shape that is itself a value.
    package func zeros(_ shape: GraphValue) -> GraphValue {
        node(
            "ConstantOfShape", shape,
            attributes: [ONNXAttribute("value", .tensor(ONNXTensor(Tensor([Float(0)]))))])
    }

    /// `x` Wᵀ + b along the last axis.
    package func affine(_ x: GraphValue, _ weight: Tensor, _ bias: Tensor?, _ name: String = "") -> GraphValue {
        let dot = name.isEmpty ? "" : name + "."
        let product = matmul(x, constant(weight.transposed(), dot + "weight"))
        return bias.map { add(product, constant($0, dot + "bias")) } ?? product
    }

    /// Rows of the last axis, normalised, scaled and shifted.
    package func layerNorm(_ x: GraphValue, scale: Tensor, shift: Tensor?, epsilon: Double, _ name: String = "norm")
        -> GraphValue
    {
        nodes(
            "LayerNormalization",
            [x, constant(scale, name + ".weight"), shift.map { constant($0, name + ".bias") }],
            outputs: ["normalized"],
            [ONNXAttribute("axis", .int(-1)), ONNXAttribute("epsilon", .float(Float(epsilon)))])[0]
    }

    /// A function of each element.
    package func activated(_ x: GraphValue, _ activation: Activation) -> GraphValue {
        func with(_ type: String, _ constants: [(String, Double)]) -> GraphValue {
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
