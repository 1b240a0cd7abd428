package import CRecurrentKernels
import Synchronization

/// The instruction sets for which kernels exist. Every one of them computes the same bits.
public enum InstructionSet: String, Sendable, Hashable, CaseIterable {
    /// Plain C.
    case portable
    /// 64-bit Arm.
    case neon
    /// x86-64 with AVX2, FMA and F16C.
    case avx2
    /// x86-64 with AVX-512 F, VL, BW and DQ.
    case avx512

    /// Those that this build and this processor have, the fastest last.
    public static let available: [InstructionSet] = allCases.filter { rk_table_of($0.id, rk_element_f32) != nil }

    /// The one in use: the fastest available, unless a test has forced another.
    public static var current: InstructionSet {
        let index = forced.load(ordering: .relaxed)
        return index < 0 ? fastest : allCases[index]
    }

    private static let fastest = available[available.count - 1]

    /// Makes every later kernel call use `set`; nil returns to the fastest.
    ///
    /// - Precondition: `set` is available.
    package static func force(_ set: InstructionSet?) {
        if let set { precondition(available.contains(set), "InstructionSet: \(set.rawValue) is not available here") }
        forced.store(set.flatMap { allCases.firstIndex(of: $0) } ?? -1, ordering: .relaxed)
    }

    private static let forced = Atomic(-1)

    private var id: rk_isa {
        switch self {
        case .portable: rk_isa_portable
        case .neon: rk_isa_neon
        case .avx2: rk_isa_avx2
        case .avx512: rk_isa_avx512
        }
    }

    /// The kernels of this set for one floating-point type.
    package func table<S: FloatingScalar>(of type: S.Type) -> rk_table { tablePointer(of: type).pointee }

    func tablePointer<S: FloatingScalar>(of _: S.Type) -> UnsafePointer<rk_table> {
        let known = S.elementType == .float64 ? InstructionSet.doubles : InstructionSet.singles
        guard let table = known[index] else {
            preconditionFailure("InstructionSet: \(rawValue) is not available here")
        }
        return table
    }

    // Asking the processor what it has takes microseconds in a virtual machine, as long as a small kernel. The tables are
    // constants of the C library.
    nonisolated(unsafe) private static let singles = allCases.map { rk_table_of($0.id, rk_element_f32) }
    nonisolated(unsafe) private static let doubles = allCases.map { rk_table_of($0.id, rk_element_f64) }

    private var index: Int {
        switch self {
        case .portable: 0
        case .neon: 1
        case .avx2: 2
        case .avx512: 3
        }
    }
}
