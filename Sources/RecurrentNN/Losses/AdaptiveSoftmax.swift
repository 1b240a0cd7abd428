public import RecurrentAutodiff
public import RecurrentTensor

/// A softmax over many classes, ordered by frequency, that spends little on the rare ones.
///
/// The frequent classes and one entry for each cluster of rarer ones share the head; each cluster has its own map behind a
/// projection that is the narrower the rarer its classes are.
///
///     ln P(k) = head_k                        k frequent
///     ln P(k) = head_cluster + tail_k         k in a cluster
///
/// Class 0 is the most frequent one. Only the clusters that occur among the targets are computed for the loss.
///
/// - Shapes: `x` […, H]; `targets` […], `int32`; log-probabilities […, V].
/// - Initialisation: Glorot uniform weights.
/// - Source: Grave, Joulin, Cissé, Grangier & Jégou 2017. Equal to PyTorch's `AdaptiveLogSoftmaxWithLoss`, with its parameter
///   names.
public struct AdaptiveSoftmax: Module {
    /// A cluster of rare classes: a projection and a map onto its classes.
    public struct Cluster: Module {
        /// The projection, H to fewer.
        public var projection: Linear
        /// The scores of the classes.
        public var output: Linear

        /// Visits `0` and `1`.
        public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
            visit("0", &projection)
            visit("1", &output)
        }
    }

    /// Where each cluster begins, and last the number of classes: the head holds the classes below the first.
    public let cutoffs: [Int]
    /// The scores of the frequent classes and of the clusters.
    public var head: Linear
    /// The clusters, the more frequent one first.
    public var tail: [Cluster]

    /// The number of classes, V.
    public var classCount: Int { cutoffs[cutoffs.count - 1] }

    /// Creates the clusters.
    ///
    /// - Parameters:
    ///   - cutoffs: where each cluster begins, rising, at least 1 and less than `classCount`.
    ///   - divisor: how much narrower each cluster is than the one before it.
    public init(
        inputSize: Int, classCount: Int, cutoffs: [Int], divisor: Double = 4, headBias: Bool = false, key: RandomKey
    ) {
        precondition(
            !cutoffs.isEmpty && cutoffs[0] > 0
                && zip(cutoffs, cutoffs.dropFirst() + [classCount]).allSatisfy { $0 < $1 },
            "AdaptiveSoftmax: cutoffs \(cutoffs) do not rise from 1 to below \(classCount)")
        precondition(divisor >= 1, "AdaptiveSoftmax: the divisor is \(divisor); it must be at least 1")
        self.cutoffs = cutoffs + [classCount]
        head = Linear(
            inputSize: inputSize, outputSize: cutoffs[0] + cutoffs.count, bias: headBias, key: key.substream(0))
        let bounds = self.cutoffs
        tail = cutoffs.indices.map { index in
            let width = max(1, Int(Double(inputSize) / Double.pow(divisor, Double(index + 1))))
            let own = key.substream(UInt64(index + 1))
            return Cluster(
                projection: Linear(inputSize: inputSize, outputSize: width, bias: false, key: own.substream(0)),
                output: Linear(
                    inputSize: width, outputSize: bounds[index + 1] - bounds[index], bias: false, key: own.substream(1))
            )
        }
    }

    /// The mean of −ln P(target), zero where no row counts.
    ///
    /// - Precondition: every target is `ignoredTarget` or lies in 0..<V.
    public func loss(
        _ x: Variable, _ targets: Tensor, ignoredTarget: Int32 = -100, reduction: LossReduction = .mean
    ) -> Variable {
        precondition(
            Array(x.shape.dropLast()) == targets.shape,
            "AdaptiveSoftmax: input \(x.shape) does not fit targets \(targets.shape)")
        let labels = targets.scalars(of: Int32.self)
        let rows = x.reshaped([labels.count, x.shape[x.shape.count - 1]])
        var headTargets = [Int32](repeating: ignoredTarget, count: labels.count)
        var members = tail.map { _ in (rows: [Int32](), targets: [Int32]()) }
        var counted = 0
        for (row, label) in labels.enumerated() where label != ignoredTarget {
            precondition(
                label >= 0 && Int(label) < classCount, "AdaptiveSoftmax: target \(label) lies outside 0..<\(classCount)"
            )
            counted += 1
            if let cluster = tail.indices.last(where: { Int(label) >= cutoffs[$0] }) {
                headTargets[row] = Int32(cutoffs[0] + cluster)
                members[cluster].rows.append(Int32(row))
                members[cluster].targets.append(label - Int32(cutoffs[cluster]))
            } else {
                headTargets[row] = label
            }
        }
        var total = head.crossEntropy(
            of: rows, Tensor(headTargets), ignoredTarget: ignoredTarget, reduction: .sum)
        for (cluster, members) in zip(tail, members) where !members.rows.isEmpty {
            let own = cluster.projection(rows.gathered(Tensor(members.rows)))
            total = total + cluster.output.crossEntropy(of: own, Tensor(members.targets), reduction: .sum)
        }
        return reduction == .sum || counted == 0 ? total : total / Double(counted)
    }

    /// The logarithms of the probabilities of all classes.
    ///
    /// - Shapes: `x` […, H] → […, V].
    public func logProbabilities(_ x: Variable) -> Variable {
        let axis = x.shape.count - 1
        let scores = head(x).logSoftmax()
        let parts = tail.enumerated().map { index, cluster in
            let entry = cutoffs[0] + index
            return cluster.output(cluster.projection(x)).logSoftmax() + scores.sliced(entry..<entry + 1, axis: axis)
        }
        return .concatenated([scores.sliced(0..<cutoffs[0], axis: axis)] + parts, axis: axis)
    }

    /// Visits `head` and `tail`.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("head", &head)
        visit("tail", &tail)
    }
}
