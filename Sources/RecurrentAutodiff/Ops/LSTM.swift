public import RecurrentTensor

extension Variable {
    /// What one layer and direction of an LSTM did over a sequence.
    public struct LSTMRun: Sendable {
        /// h of every step, [T, B, H]; zero at padded steps.
        public let hidden: Variable
        /// c of every step, [T, B, H]; zero at padded steps.
        public let cell: Variable
        /// h after each sequence's last step, [B, H].
        public let finalHidden: Variable
        /// c after each sequence's last step, [B, H].
        public let finalCell: Variable
    }

    public static func lstm(
        _ x: Variable, hidden: Variable?, cell: Variable?, inputWeight: Variable, recurrentWeight: Variable,
        inputBias: Variable, recurrentBias: Variable, lengths: [Int]?, reversed: Bool
    ) -> LSTMRun {
        let (T, B, H) = (x.shape[0], x.shape[1], recurrentWeight.shape[1])
        var h = hidden ?? Variable(Tensor(zeros: [B, H], of: x.elementType))
        var c = cell ?? Variable(Tensor(zeros: [B, H], of: x.elementType))
        var hs = [Variable](repeating: h, count: T), cs = hs
        let zero = Variable(Tensor(zeros: [B, H], of: x.elementType))
        for t in reversed ? Array((0..<T).reversed()) : Array(0..<T) {
            let s = x[t].affine(inputWeight, inputBias) + h.affine(recurrentWeight, recurrentBias)
            func gate(_ k: Int) -> Variable { s.sliced(k * H..<(k + 1) * H, axis: 1) }
            let cn = gate(1).sigmoid() * c + gate(0).sigmoid() * gate(2).tanh()
            let hn = gate(3).sigmoid() * cn.tanh()
            if let lengths {
                let mask = Tensor(lengths.map { $0 > t ? 1.0 : 0 }, shape: [B, 1]).converted(to: x.elementType)
                hs[t] = hn.selected(where: mask, otherwise: zero)
                cs[t] = cn.selected(where: mask, otherwise: zero)
                h = hn.selected(where: mask, otherwise: h)
                c = cn.selected(where: mask, otherwise: c)
            } else {
                (hs[t], cs[t], h, c) = (hn, cn, hn, cn)
            }
        }
        return LSTMRun(hidden: .stacked(hs), cell: .stacked(cs), finalHidden: h, finalCell: c)
    }
}
