import RecurrentTensor

/// Which labels may follow which, begin a sequence and end one.
public struct TransitionRules: Sendable, Hashable {
    /// The number of labels, K.
    public let labelCount: Int
    private let follows: [Bool]
    private let begins: [Bool]
    private let ends: [Bool]

    /// Rules from tables of truth values.
    ///
    /// - Shapes: `follows` [K][K], row before column; `begins`, `ends` [K].
    /// - Precondition: from some label that may begin one that may end can be reached.
    public init(follows: [[Bool]], begins: [Bool], ends: [Bool]) {
        let count = begins.count
        precondition(
            count > 0 && ends.count == count && follows.count == count && follows.allSatisfy { $0.count == count },
            "TransitionRules: the tables do not have the same number of labels, or none")
        var reached = begins
        for _ in 0..<count {
            for i in 0..<count where reached[i] {
                for j in 0..<count where follows[i][j] { reached[j] = true }
            }
        }
        precondition(
            (0..<count).contains { reached[$0] && ends[$0] }, "TransitionRules: no path of labels keeps these rules")
        labelCount = count
        (self.follows, self.begins, self.ends) = (follows.flatMap { $0 }, begins, ends)
    }

    /// Whether a path of labels keeps the rules.
    public func allow(_ path: [Int32]) -> Bool {
        guard let head = path.first, let tail = path.last else { return true }
        return begins[Int(head)] && ends[Int(tail)]
            && zip(path, path.dropFirst()).allSatisfy { follows[Int($0.0) * labelCount + Int($0.1)] }
    }

    /// 0 for what is allowed and −∞ for what is not, [K, K].
    func transitions(of type: ElementType) -> Tensor { scores(follows, [labelCount, labelCount], type) }
    /// The same for the beginning, [K].
    func start(of type: ElementType) -> Tensor { scores(begins, [labelCount], type) }
    /// The same for the end, [K].
    func end(of type: ElementType) -> Tensor { scores(ends, [labelCount], type) }

    private func scores(_ allowed: [Bool], _ shape: [Int], _ type: ElementType) -> Tensor {
        Tensor(allowed.map { $0 ? 0 : -Double.infinity }, shape: shape).converted(to: type)
    }
}
