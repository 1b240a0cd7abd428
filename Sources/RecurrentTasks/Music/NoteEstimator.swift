package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The joint distribution of the keys of a frame: each key given the lower ones and the frames before.
///
///     a_1 = b(h)          a_{k+1} = a_k + W_k v_k
///     p(v_k = 1 | v_1 … v_{k−1}, h) = σ(c_k(h) + V_k · σ(a_k))
///
/// b and c are affine maps of the output h of the recurrent layers. Between two keys that sound a does not change, so that σ(a) is
/// computed once for each of them and not once for each key.
///
/// - Shapes: h […, Y]; frames […, K].
/// - Source: Larochelle & Murray 2011 (NADE); Boulanger-Lewandowski, Bengio & Vincent 2012 (RNN-NADE), equations 17 to 21.
package struct NoteEstimator: Module {
    /// b: Y → D.
    package var bias: Linear
    /// W, [K, D].
    package var seen: Parameter
    /// V, [K, D].
    package var said: Parameter

    package init(inputSize: Int, keyCount: Int, hiddenSize: Int, key: RandomKey) {
        bias = Linear(inputSize: inputSize, outputSize: hiddenSize, key: key.substream(0))
        seen = Parameter(.glorotUniform(keyCount, hiddenSize, key: key.substream(1)))
        said = Parameter(.glorotUniform(keyCount, hiddenSize, key: key.substream(2)))
    }

    /// The negative log-likelihood of frames, summed with their weights, in nats.
    ///
    /// - Parameters:
    ///   - keys: c: Y → K.
    ///   - target: 0 or 1.
    ///   - weights: of frames; one of weight 0 costs nothing.
    package func negativeLogLikelihood(
        _ h: Variable, keys: Linear, _ target: Tensor, weights: Tensor
    ) -> Variable {
        let K = target.shape.last ?? 0
        let plan = Plan(target, weights: weights, keyCount: K)
        let rows = h.reshaped([-1, h.shape.last ?? 1])
        let used = rows.gathered(plan.frames)
        // The lower keys that sound, for each stretch of keys between two that do.
        let lower = Variable(plan.lower.converted(to: h.elementType)).matmul(seen.variable)
        let a = bias(used).gathered(plan.owner) + lower
        let logits = a.sigmoid().matmul(said.variable.transposed([1, 0])) + keys(used).gathered(plan.owner)
        return logits.sigmoidCrossEntropy(
            plan.target.converted(to: h.elementType), weights: plan.weight.converted(to: h.elementType))
    }

    /// The frames that count, cut into stretches of keys: each ends with a key that sounds, or with the last one.
    private struct Plan {
        /// The positions of the frames that count.
        var frames: Tensor
        /// For each stretch its frame among those.
        var owner: Tensor
        /// [S, K]: 1 for the keys that sound below the stretch.
        var lower: Tensor
        /// [S, K]: the frame.
        var target: Tensor
        /// [S, K]: the frame's weight for the keys of the stretch, else 0.
        var weight: Tensor

        init(_ target: Tensor, weights: Tensor, keyCount K: Int) {
            let values = target.converted(to: .float32).scalars(of: Float.self)
            let counts = weights.converted(to: .float32).scalars(of: Float.self)
            var (frames, owner): ([Int32], [Int32]) = ([], [])
            var (lower, rows, weight): ([Float], [Float], [Float]) = ([], [], [])
            for (frame, count) in counts.enumerated() where count != 0 {
                let own = values[frame * K..<(frame + 1) * K]
                var below = [Float](repeating: 0, count: K)
                var first = 0
                func add(until end: Int) {
                    owner.append(Int32(frames.count))
                    lower += below
                    rows += own
                    for key in 0..<K { weight.append(key >= first && key < end ? count : 0) }
                }
                for key in 0..<K where own[own.startIndex + key] > 0.5 {
                    add(until: key + 1)
                    below[key] = 1
                    first = key + 1
                }
                if first < K { add(until: K) }
                frames.append(Int32(frame))
            }
            self.frames = Tensor(frames)
            self.owner = Tensor(owner)
            self.lower = Tensor(lower, shape: [owner.count, K])
            self.target = Tensor(rows, shape: [owner.count, K])
            self.weight = Tensor(weight, shape: [owner.count, K])
        }
    }

    /// Goes through the keys of one frame from the lowest, asking which of them sound.
    ///
    /// - Parameters:
    ///   - h: [1, Y].
    ///   - choose: told a key and the logit of its probability, says whether it sounds.
    package func frame(_ h: Variable, keys: Linear, _ choose: (_ key: Int, _ logit: Double) -> Bool) -> [Bool] {
        let offsets = keys(h).value.doubles()
        let (W, V) = (seen.value, said.value)
        let (K, D) = (V.shape[0], V.shape[1])
        var a = bias(h).value.doubles()
        let (w, v) = (W.doubles(), V.doubles())
        var hidden = a.map { Double.sigmoid($0) }
        return (0..<K).map { key in
            var logit = offsets[key]
            for d in 0..<D { logit += v[key * D + d] * hidden[d] }
            let sounds = choose(key, logit)
            if sounds {
                for d in 0..<D {
                    a[d] += w[key * D + d]
                    hidden[d] = Double.sigmoid(a[d])
                }
            }
            return sounds
        }
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("bias", &bias)
        visit("seen", &seen)
        visit("said", &said)
    }
}
