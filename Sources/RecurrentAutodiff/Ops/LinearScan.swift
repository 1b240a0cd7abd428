import RecurrentTensor

extension Variable {
    /// The linear recurrence h_t = a_t ⊙ h_{t−1} + b_t over whole sequences, parallel over time, rows and threads.
    ///
    /// Sequences are cut into blocks of 64 steps from their own start; up to 64 steps the sums are those of a loop over
    /// time, beyond they differ from it by rounding, in the same way on any number of threads.
    ///
    /// - Shapes: `a`, `b` [T, B, H]; `initial` [B, H]; results [T, B, H], zero at padded steps, and [B, H].
    /// - Numerics: the product of a over 64 steps must be finite.
    /// - Precondition: `lengths`, if given, are B numbers in 0...T. A padded step changes nothing, whatever `a` and `b` hold
    ///   there; in reverse a sequence starts at its own last step.
    /// - Source: Blelloch 1990.
    public static func linearScan(
        _ a: Variable, _ b: Variable, initial: Variable, lengths: [Int]? = nil, reversed: Bool = false
    ) -> RecurrentRun {
        let lengths = lengths?.map(Int32.init)
        let (factor, start) = (a.value, initial.value)
        let (states, final) = LinearScanKernel.run(
            a: factor, b: b.value, initial: start, lengths: lengths, reverse: reversed)

        let outputs = operation([a, b, initial], outputs: [states, final]) { upstream, _ in
            // g_t = ∂h_t + a_{t+1} g_{t+1} is a scan the other way.
            let (dB, _) = LinearScanKernel.run(
                a: factor, b: upstream[0] ?? Tensor(zeros: factor.shape, of: factor.elementType),
                initial: upstream[1] ?? Tensor(zeros: start.shape, of: start.elementType), lengths: lengths,
                reverse: !reversed, shifted: true)
            let (dA, dInitial) = LinearScanKernel.coefficientGradient(
                dB: dB, a: factor, states: states, initial: start, dFinal: upstream[1], lengths: lengths,
                reverse: reversed)
            return [dA, dB, dInitial]
        }
        return RecurrentRun(hidden: outputs[0], finalHidden: outputs[1])
    }
}
