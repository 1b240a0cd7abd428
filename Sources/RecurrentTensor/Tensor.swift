/// A dense array of numbers with a shape: a value, copied on write.
///
/// Elements lie in row-major order without holes. A sequence batch is time-major, `[T, B, F]`.
///
/// - Precondition: operations on tensors of unfit shapes or element types stop the program with a message that names the
///   operation and both shapes; shapes that come from outside (files, flags) are validated before they reach a tensor.
public struct Tensor: Sendable {
    /// The extent of each axis; empty for a scalar.
    public let shape: [Int]
    /// The type of the elements.
    public let elementType: ElementType

    package private(set) var storage: TensorStorage
    /// The index of the first element within the storage: leading slices share their storage.
    package private(set) var offset: Int

    /// The number of elements.
    public let count: Int

    /// The number of axes.
    public var rank: Int { shape.count }

    package init(shape: [Int], elementType: ElementType, storage: TensorStorage, offset: Int) {
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
        self.offset = offset
        count = Tensor.elementCount(shape)
    }

    package init(uninitialized shape: [Int], of elementType: ElementType = .float32) {
        self.shape = shape
        self.elementType = elementType
        count = Tensor.elementCount(shape)
        storage = TensorStorage(byteCount: count * elementType.byteCount)
        offset = 0
    }

    /// A tensor of zeros.
    public init(zeros shape: [Int], of elementType: ElementType = .float32) {
        self.init(uninitialized: shape, of: elementType)
        storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: count * elementType.byteCount)
    }

    /// A tensor whose every element is `value`.
    public init<S: TensorScalar>(repeating value: S, shape: [Int]) {
        self.init(uninitialized: shape, of: S.elementType)
        withMutableBuffer(of: S.self) { $0.update(repeating: value) }
    }

    /// A tensor of the given floating-point element type whose every element is `value`.
    public init(filled value: Double, shape: [Int], of elementType: ElementType) {
        switch elementType {
        case .float32: self.init(repeating: Float(value), shape: shape)
        case .float64: self.init(repeating: value, shape: shape)
        default: preconditionFailure("Tensor(filled:): \(elementType.rawValue) is not a floating-point type")
        }
    }

    /// A tensor of `values` in row-major order.
    ///
    /// - Precondition: `values.count` is the product of `shape`.
    public init<S: TensorScalar>(_ values: [S], shape: [Int]) {
        self.init(uninitialized: shape, of: S.elementType)
        precondition(
            values.count == count, "Tensor: \(values.count) values do not fill shape \(shape), which has \(count)")
        values.withUnsafeBytes {
            storage.pointer.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(storage.pointer), byteCount: $0.count)
        }
    }

    /// A vector of `values`.
    public init<S: TensorScalar>(_ values: [S]) { self.init(values, shape: [values.count]) }

    /// A scalar tensor of rank 0.
    public init<S: TensorScalar>(scalar value: S) { self.init([value], shape: []) }

    package init(bytes: UnsafeRawBufferPointer, shape: [Int], of elementType: ElementType) {
        self.init(uninitialized: shape, of: elementType)
        precondition(bytes.count == count * elementType.byteCount, "Tensor(bytes:): the bytes do not fill \(shape)")
        if let base = bytes.baseAddress, bytes.count > 0 {
            storage.pointer.copyMemory(from: base, byteCount: bytes.count)
        }
    }

    package static func elementCount(_ shape: [Int]) -> Int {
        var count = 1
        for extent in shape {
            precondition(extent >= 0, "Tensor: shape \(shape) has a negative extent")
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            precondition(!overflow, "Tensor: shape \(shape) has more elements than memory can hold")
            count = product
        }
        return count
    }
}

// MARK: - Reading and writing elements

extension Tensor {
    /// The elements in row-major order.
    ///
    /// - Precondition: `S` is the tensor's element type.
    public func scalars<S: TensorScalar>(of type: S.Type = S.self) -> [S] { withBuffer(of: type) { Array($0) } }

    /// The elements in row-major order as doubles, from any floating-point or `int32` tensor.
    public func doubles() -> [Double] {
        switch elementType {
        case .float32: withBuffer(of: Float.self) { $0.map(Double.init) }
        case .float64: scalars()
        case .int32: withBuffer(of: Int32.self) { $0.map(Double.init) }
        default: preconditionFailure("Tensor.doubles: \(elementType.rawValue) holds no numbers to compute with")
        }
    }

    /// The elements in row-major order as doubles, from a tensor of any type: stored forms are read, truth is 1.
    package var allNumbers: [Double] {
        switch elementType {
        case .float32, .float64, .int32: doubles()
        case .float16, .bfloat16: widened.doubles()
        case .int64: scalars(of: Int64.self).map(Double.init)
        case .int8: scalars(of: Int8.self).map(Double.init)
        case .uint8: scalars(of: UInt8.self).map(Double.init)
        case .bool: withUnsafeBytes { $0.map { $0 == 0 ? 0 : 1 } }
        }
    }

    /// The only element of a tensor with one element, as a double.
    public var item: Double {
        precondition(count == 1, "Tensor.item: shape \(shape) has \(count) elements; one is needed")
        return doubles()[0]
    }

    package func withBuffer<S: TensorScalar, R>(
        of type: S.Type, _ body: (UnsafeBufferPointer<S>) throws -> R
    ) rethrows -> R {
        precondition(
            S.elementType == elementType, "Tensor: elements are \(elementType.rawValue), not \(S.elementType.rawValue)")
        let start = storage.pointer.assumingMemoryBound(to: S.self) + offset
        return try body(UnsafeBufferPointer(start: start, count: count))
    }

    /// Writes the elements in place; copies them first if another tensor shares them.
    package mutating func withMutableBuffer<S: TensorScalar, R>(
        of type: S.Type, _ body: (UnsafeMutableBufferPointer<S>) throws -> R
    ) rethrows -> R {
        precondition(
            S.elementType == elementType, "Tensor: elements are \(elementType.rawValue), not \(S.elementType.rawValue)")
        makeUnique()
        let start = storage.pointer.assumingMemoryBound(to: S.self) + offset
        return try body(UnsafeMutableBufferPointer(start: start, count: count))
    }

    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let size = elementType.byteCount
        return try body(UnsafeRawBufferPointer(start: storage.pointer + offset * size, count: count * size))
    }

    package mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        makeUnique()
        let size = elementType.byteCount
        return try body(UnsafeMutableRawBufferPointer(start: storage.pointer + offset * size, count: count * size))
    }

    private mutating func makeUnique() {
        guard !isKnownUniquelyReferenced(&storage) else {
            storage.willChange()
            return
        }
        let copy = withUnsafeBytes { Tensor(bytes: $0, shape: shape, of: elementType) }
        storage = copy.storage
        offset = 0
    }

    /// Whether two tensors have the same shape, type and bits.
    public func isIdentical(to other: Tensor) -> Bool {
        guard shape == other.shape, elementType == other.elementType else { return false }
        return withUnsafeBytes { a in other.withUnsafeBytes { b in a.elementsEqual(b) } }
    }

    /// Whether every element is finite.
    public var isFinite: Bool {
        switch elementType {
        case .float32: withBuffer(of: Float.self) { $0.allSatisfy(\.isFinite) }
        case .float64: withBuffer(of: Double.self) { $0.allSatisfy(\.isFinite) }
        default: true
        }
    }

    /// The same numbers as another floating-point or `int32` type.
    public func converted(to type: ElementType) -> Tensor {
        if type == elementType { return self }
        var result = Tensor(uninitialized: shape, of: type)
        func fill<A: TensorScalar, B: TensorScalar>(_: A.Type, _: B.Type, _ convert: (A) -> B) {
            withBuffer(of: A.self) { a in
                result.withMutableBuffer(of: B.self) { b in for k in 0..<a.count { b[k] = convert(a[k]) } }
            }
        }
        switch (elementType, type) {
        case (.float32, .float64): fill(Float.self, Double.self) { Double($0) }
        case (.float64, .float32): fill(Double.self, Float.self) { Float($0) }
        case (.int32, .float32): fill(Int32.self, Float.self) { Float($0) }
        case (.int32, .float64): fill(Int32.self, Double.self) { Double($0) }
        default: preconditionFailure("Tensor.converted: no conversion from \(elementType.rawValue) to \(type.rawValue)")
        }
        return result
    }
}

extension Tensor: CustomStringConvertible {
    /// The element type, the shape and the first elements.
    public var description: String {
        let shown = elementType == .float32 || elementType == .float64 || elementType == .int32
        let head = shown ? leading(min(count, 8)).map { "\($0)" }.joined(separator: ", ") : "…"
        return "Tensor<\(elementType.rawValue)>\(shape) [\(head)\(count > 8 ? ", …" : "")]"
    }

    private func leading(_ n: Int) -> [Double] {
        Tensor(shape: [n], elementType: elementType, storage: storage, offset: offset).doubles()
    }
}
