public import RecurrentTensor

/// Signals in a store of whole numbers: a list holds the 32 bits of each number, so that `numpy.fromfile(…, "<f4")` reads it.
extension TokenStore {
    /// A list of numbers, whole.
    ///
    /// - Throws: `inputOutput` where the file cannot be read.
    public func floats(_ example: Int, column: Int = 0) throws(RecurrentError) -> [Float] {
        try tokens(example, column: column).map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }

    /// Numbers as a store keeps them.
    public static func bits(of numbers: [Float]) -> [Int32] { numbers.map { Int32(bitPattern: $0.bitPattern) } }
}
