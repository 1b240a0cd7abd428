import CRecurrentKernels

/// The hidden states of one layer and direction over a sequence, [T+1, B, H]: every step's, and the initial one.
///
/// Forward, slot 0 is the initial state and slot t+1 that of step t; in reverse, slot T is the initial state and slot t that
/// of step t. The states before all steps and those after them are therefore each T neighbouring slots.
package struct StateSlots: Sendable {
    /// [T+1, B, H]
    package let states: Tensor
    let lengths: [Int32]?
    let reverse: Bool

    var steps: Int { states.shape[0] - 1 }
    var batch: Int { states.shape[1] }
    var width: Int { states.shape[2] }
    var slotCount: Int { batch * width }

    /// Slots whose initial one holds `initial` [B, H], nil: zeros; the others hold anything.
    ///
    /// - Precondition: `lengths`, if given, are B numbers in 0...T.
    init(
        _ initial: Tensor?, steps: Int, batch: Int, width: Int, of type: ElementType, lengths: [Int32]?, reverse: Bool,
        _ layer: String
    ) {
        if let lengths {
            precondition(
                lengths.count == batch && lengths.allSatisfy { 0 <= $0 && Int($0) <= steps },
                "\(layer): \(lengths.count) lengths for \(batch) rows of \(steps) steps; needed: one in 0...\(steps) for "
                    + "each row")
        }
        StateSlots.check(initial, [batch, width], type, "initial state", layer)
        states = Tensor(uninitialized: [steps + 1, batch, width], of: type)
        self.lengths = lengths.flatMap { lengths in lengths.contains { $0 < steps } ? lengths : nil }
        self.reverse = reverse
        let bytes = batch * width * type.byteCount
        let first = states.address + (reverse ? steps * bytes : 0)
        if let initial {
            first.copyMemory(from: initial.address, byteCount: bytes)
            withExtendedLifetime(initial) {}
        } else {
            first.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
    }

    static func check(_ tensor: Tensor?, _ shape: [Int], _ type: ElementType, _ name: String, _ layer: String) {
        guard let tensor else { return }
        precondition(
            tensor.shape == shape && tensor.elementType == type,
            "\(layer): \(name) is \(tensor.elementType.rawValue) \(tensor.shape); needed: \(type.rawValue) \(shape)")
    }

    /// The step at a position of the walk through time.
    func step(_ position: Int) -> Int { reverse ? steps - 1 - position : position }
    /// The slots of the state before and after step t.
    func slots(around t: Int) -> (before: Int, after: Int) { reverse ? (t + 1, t) : (t, t + 1) }
    /// The index of the first element of the state before step t.
    func before(_ t: Int) -> Int { slots(around: t).before * slotCount }
    /// The index of the first element of the state after step t.
    func after(_ t: Int) -> Int { slots(around: t).after * slotCount }

    /// The states before every step, [T, B, H].
    var statesBefore: Tensor { states.sliced(reverse ? 1..<steps + 1 : 0..<steps) }
    /// The states after every step, [T, B, H], whatever stands at padded steps.
    var statesAfter: Tensor { states.sliced(reverse ? 0..<steps : 1..<steps + 1) }

    /// The states after every step, [T, B, H]; zeros where a step is padding.
    var outputs: Tensor { statesAfter.clearingPadding(lengths) }

    /// The state after each row's last step, [B, H]: a copy, so that a carried state does not keep a sequence alive.
    var final: Tensor {
        let size = states.elementType.byteCount
        let start = states.address + (reverse ? 0 : steps * slotCount) * size
        return Tensor(
            bytes: UnsafeRawBufferPointer(start: start, count: slotCount * size), shape: [batch, width],
            of: states.elementType)
    }
}

extension Tensor {
    /// A sequence [T, B, F] whose padded steps hold zeros.
    func clearingPadding(_ lengths: [Int32]?) -> Tensor {
        guard let lengths, lengths.contains(where: { $0 < shape[0] }) else { return self }
        var copy = self
        let (steps, batch) = (shape[0], shape[1])
        let rowBytes = shape[2] * elementType.byteCount
        copy.withUnsafeMutableBytes { bytes in
            for row in 0..<batch {
                for step in Int(lengths[row])..<max(steps, Int(lengths[row])) {
                    let start = (step * batch + row) * rowBytes
                    UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + rowBytes])
                        .initializeMemory(as: UInt8.self, repeating: 0)
                }
            }
        }
        return copy
    }

    /// The first element's address, typed. The tensor must outlive every use.
    func start<S: FloatingScalar>(of _: S.Type) -> UnsafePointer<S> {
        UnsafePointer(address.assumingMemoryBound(to: S.self))
    }

    /// The sums of the columns of `rows` rows that lie `stride` elements apart, each element times one of `factors`: [columns].
    ///
    /// - Parameters:
    ///   - factors: rows of `factorStride` elements, nil: ones; `share` neighbouring columns share an element.
    static func columnSums<S: FloatingScalar>(
        _ matrix: UnsafePointer<S>, rows: Int, columns: Int, stride: Int, times factors: UnsafePointer<S>? = nil,
        factorStride: Int = 0, share: Int = 1, on set: InstructionSet
    ) -> Tensor {
        var result = Tensor(uninitialized: [columns], of: S.elementType)
        let target = result.uniqueAddress()
        let table = set.table(of: S.self)
        // Whole registers to each thread.
        let split = RowSplit((columns + 15) / 16, work: Double(rows) * Double(columns) * (factors == nil ? 1 : 2))
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            var sums = rk_column_products()
            sums.rows = rows
            sums.begin = begin * 16
            sums.end = min(columns, end * 16)
            sums.a = UnsafeRawPointer(matrix)
            sums.a_stride = stride
            sums.b = factors.map { UnsafeRawPointer($0) }
            sums.b_stride = factorStride
            sums.share = share
            sums.out = target
            table.column_products(&sums)
        }
        return result
    }
}
