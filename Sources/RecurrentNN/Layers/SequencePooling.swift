public import RecurrentAutodiff
import RecurrentTensor

extension Variable {
    /// The greatest value of each feature over the steps of each sequence; 0 where a sequence has none.
    ///
    /// The gradient goes to the first step that has it.
    ///
    /// - Shapes: [T, B, F] → [B, F].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    public func maximumOverTime(lengths: [Int]? = nil) -> Variable {
        let lengths = checkedLengths(lengths, "maximumOverTime")
        let (T, B, F) = (shape[0], shape[1], shape[2])
        var places = [Int32](repeating: -1, count: B * F)
        func pick<S: FloatingScalar>(_: S.Type) -> Tensor {
            var result = Tensor(zeros: [B, F], of: elementType)
            value.withBuffer(of: S.self) { x in
                result.withMutableBuffer(of: S.self) { y in
                    for b in 0..<B {
                        for t in 0..<lengths[b] {
                            let row = (t * B + b) * F
                            for f in 0..<F where places[b * F + f] < 0 || x[row + f] > y[b * F + f] {
                                y[b * F + f] = x[row + f]
                                places[b * F + f] = Int32(t)
                            }
                        }
                    }
                }
            }
            return result
        }
        let result = elementType == .float32 ? pick(Float.self) : pick(Double.self)
        let (chosen, type) = (places, elementType)
        return Variable.operation([self], result) { g, _ in
            func spread<S: FloatingScalar>(_: S.Type) -> Tensor {
                var dx = Tensor(zeros: [T, B, F], of: type)
                g.withBuffer(of: S.self) { g in
                    dx.withMutableBuffer(of: S.self) { dx in
                        for index in 0..<B * F where chosen[index] >= 0 {
                            dx[Int(chosen[index]) * B * F + index] = g[index]
                        }
                    }
                }
                return dx
            }
            return [type == .float32 ? spread(Float.self) : spread(Double.self)]
        }
    }

    /// The mean of each feature over the steps of each sequence; 0 where a sequence has none.
    ///
    /// - Shapes: [T, B, F] → [B, F].
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    public func meanOverTime(lengths: [Int]? = nil) -> Variable {
        let counts = checkedLengths(lengths, "meanOverTime")
        let shares = Tensor(counts.map { 1 / Double(max(1, $0)) }, shape: [shape[1], 1]).converted(to: elementType)
        return withoutPadding(lengths).sum(axes: [0]) * Variable(shares)
    }

    private func checkedLengths(_ lengths: [Int]?, _ name: String) -> [Int] {
        precondition(shape.count == 3, "\(name): \(shape) is no [T, B, F]")
        let lengths = lengths ?? [Int](repeating: shape[0], count: shape[1])
        precondition(
            lengths.count == shape[1] && lengths.allSatisfy { $0 >= 0 && $0 <= shape[0] },
            "\(name): lengths \(lengths) of \(shape) must be one a row, in 0...\(shape[0])")
        return lengths
    }
}
