public import RecurrentTensor

extension Variable {
    /// The cross entropy of independent yes-or-no answers whose logits these are, summed:
    ///
    ///     Σ w (ln(1 + eˣ) − y x)        with the gradient w (σ(x) − y)
    ///
    /// Logits and probabilities of any size give a finite loss; an element of weight 0 may be anything, NaN included.
    ///
    /// - Parameters:
    ///   - targets: y, 0 or 1 or a probability.
    ///   - weights: w of each element, or, without the last axis, of each row; nil: 1.
    /// - Shapes: `self` and `targets` […, K]; `weights` […, K] or […]; the result is a scalar.
    /// - Numerics: added in double precision, row by row; no bit depends on the number of threads.
    public func sigmoidCrossEntropy(_ targets: Tensor, weights: Tensor? = nil) -> Variable {
        let width = max(1, shape.last ?? 1)
        precondition(
            targets.shape == shape && targets.elementType == elementType,
            "sigmoidCrossEntropy: logits \(shape) do not fit targets \(targets.shape)")
        let perRow = weights.map { $0.shape != shape } ?? false
        precondition(
            weights.map { $0.shape == shape || $0.shape == Array(shape.dropLast()) } ?? true,
            "sigmoidCrossEntropy: logits \(shape) do not fit weights \(weights?.shape ?? [])")
        let logits = value
        let rows = logits.count / width
        let isSingle = elementType == .float32

        func loss<S: FloatingScalar>(_: S.Type) -> Tensor {
            var sums = [Double](repeating: 0, count: rows)
            logits.withBuffer(of: S.self) { x in
                targets.withBuffer(of: S.self) { y in
                    Variable.withWeights(weights, S.self) { w in
                        sums.withUnsafeMutableBufferPointer { sums in
                            nonisolated(unsafe) let sums = sums
                            nonisolated(unsafe) let (x, y, w) = (x, y, w)
                            Variable.forShares(rows, width) { row in
                                var sum = 0.0
                                for k in row * width..<(row + 1) * width {
                                    let weight = w.isEmpty ? 1 : w[perRow ? row : k]
                                    guard weight != 0 else { continue }
                                    // Taken together near the answer, so that nothing is lost where it is almost sure.
                                    let value = S.maximum(x[k], 0) - x[k] * y[k] + S.log1p(S.exp(-abs(x[k])))
                                    sum += Double(weight) * Double(value)
                                }
                                sums[row] = sum
                            }
                        }
                    }
                }
            }
            return Tensor(scalar: S(sums.reduce(0, +)))
        }

        @Sendable func gradient<S: FloatingScalar>(_ upstream: S) -> Tensor {
            var result = logits.sigmoid()
            result.withMutableBuffer(of: S.self) { g in
                targets.withBuffer(of: S.self) { y in
                    Variable.withWeights(weights, S.self) { w in
                        nonisolated(unsafe) let (g, y, w) = (g, y, w)
                        Variable.forShares(rows, width) { row in
                            for k in row * width..<(row + 1) * width {
                                let weight = w.isEmpty ? 1 : w[perRow ? row : k]
                                g[k] = weight == 0 ? 0 : upstream * weight * (g[k] - y[k])
                            }
                        }
                    }
                }
            }
            return result
        }

        return Variable.operation([self], isSingle ? loss(Float.self) : loss(Double.self)) { g, _ in
            [isSingle ? gradient(Float(g.item)) : gradient(g.item)]
        }
    }

    private static func withWeights<S: FloatingScalar>(
        _ weights: Tensor?, _: S.Type, _ body: (UnsafeBufferPointer<S>) -> Void
    ) {
        if let weights {
            weights.withBuffer(of: S.self) { body($0) }
        } else {
            body(UnsafeBufferPointer(start: nil, count: 0))
        }
    }

    /// Calls `body` with every row, shares of rows side by side.
    private static func forShares(_ rows: Int, _ width: Int, _ body: (Int) -> Void) {
        let share = max(1, 4096 / width)
        ThreadPool.shared.run(parts: (rows + share - 1) / share) { part in
            for row in part * share..<min(rows, (part + 1) * share) { body(row) }
        }
    }
}
