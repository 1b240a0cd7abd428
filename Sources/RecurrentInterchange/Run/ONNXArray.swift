package import RecurrentFormats
package import RecurrentTensor

/// A dense array with one of ONNX's element types, as it passes from node to node.
///
/// The elements lie in a ``Tensor`` of elements of the same width, so that the types that our tensors have cost no copy and
/// the others need no second kind of memory.
package struct ONNXArray: Sendable {
    /// The type of the elements.
    package let elementType: ONNXElementType
    /// The elements; its own element type says only how wide they are where ours lack ONNX's.
    package private(set) var storage: Tensor

    /// The extent of each axis.
    package var shape: [Int] { storage.shape }
    /// The number of axes.
    package var rank: Int { storage.rank }
    /// The number of elements.
    package var count: Int { storage.count }
    /// The bytes of all elements.
    var byteCount: Int { storage.count * storage.elementType.byteCount }
    /// The bytes of an element.
    var width: Int { storage.elementType.byteCount }

    /// Our element type of the same width; nil for types that no node can take here.
    package static func storageType(_ type: ONNXElementType) -> ElementType? {
        switch type {
        case .int16, .uint16: .float16
        case .uint32: .int32
        case .uint64: .int64
        default: type.elementType
        }
    }

    /// A tensor of ours.
    package init(_ tensor: Tensor) {
        elementType = ONNXElementType(tensor.elementType)
        storage = tensor
    }

    /// Elements whose width is that of `elementType`.
    init(_ storage: Tensor, as elementType: ONNXElementType) {
        self.elementType = elementType
        self.storage = storage
    }

    /// A tensor of a file.
    package init(_ tensor: ONNXTensor, source: String) throws(RecurrentError) {
        guard let type = ONNXArray.storageType(tensor.elementType) else {
            throw RecurrentError(
                .badModel, "a tensor has elements of type \(tensor.elementType.name)", at: source,
                why: "this type is not supported")
        }
        if tensor.elementType.elementType != nil {
            self.init(try tensor.tensor(source: source))
            return
        }
        guard let bytes = try tensor.rawBytes(source: source) else {
            throw RecurrentError(.badModel, "the data of a tensor are missing", at: source)
        }
        self.init(
            bytes.withUnsafeBytes { Tensor(bytes: $0, shape: tensor.dimensions, of: type) }, as: tensor.elementType)
    }

    /// Zeros; the caller has checked that there is memory for them.
    init(zeros shape: [Int], _ type: ONNXElementType) {
        elementType = type
        storage = Tensor(zeros: shape, of: ONNXArray.storageType(type) ?? .uint8)
    }

    /// The elements; `S` has the width of an element.
    func read<S: BitwiseCopyable, R>(_: S.Type, _ body: (UnsafeBufferPointer<S>) throws -> R) rethrows -> R {
        precondition(MemoryLayout<S>.size == width, "ONNXArray: \(elementType.name) is not read as \(S.self)")
        return try storage.withUnsafeBytes { bytes in try body(bytes.assumingMemoryBound(to: S.self)) }
    }

    /// The elements, to be written; `S` has the width of an element.
    mutating func write<S: BitwiseCopyable, R>(
        _: S.Type, _ body: (UnsafeMutableBufferPointer<S>) throws -> R
    ) rethrows -> R {
        precondition(MemoryLayout<S>.size == width, "ONNXArray: \(elementType.name) is not written as \(S.self)")
        return try storage.withUnsafeMutableBytes { bytes in try body(bytes.assumingMemoryBound(to: S.self)) }
    }

    mutating func writeBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        try storage.withUnsafeMutableBytes(body)
    }

    /// The same elements with other extents of the same count.
    func reshaped(_ shape: [Int]) -> ONNXArray { ONNXArray(storage.reshaped(shape), as: elementType) }

    /// The same bits under another element type of the same width.
    func reinterpreted(as type: ONNXElementType) -> ONNXArray {
        let width = ONNXArray.storageType(type) ?? .uint8
        let tensor = storage.withUnsafeBytes { Tensor(bytes: $0, shape: shape, of: width) }
        return ONNXArray(tensor, as: type)
    }

    /// The tensor of ours that it is; nil for element types that ours lack.
    package var tensor: Tensor? { elementType.elementType == nil ? nil : storage }

    /// As a file stores it.
    package func onnxTensor(name: String = "") -> ONNXTensor {
        ONNXTensor(
            name: name, elementType: elementType, dimensions: shape,
            data: .raw(storage.withUnsafeBytes { Array($0) }[...]))
    }

    /// All elements as doubles, of any type.
    package func doubles() -> [Double] {
        switch elementType {
        case .float32: read(Float.self) { $0.map { Double($0) } }
        case .float64: read(Double.self) { Array($0) }
        case .float16: read(UInt16.self) { $0.map { Double(HalfFloat.float($0)) } }
        case .bfloat16: read(UInt16.self) { $0.map { Double(HalfFloat.float(brain: $0)) } }
        case .int64: read(Int64.self) { $0.map { Double($0) } }
        case .int32: read(Int32.self) { $0.map { Double($0) } }
        case .int16: read(Int16.self) { $0.map { Double($0) } }
        case .int8: read(Int8.self) { $0.map { Double($0) } }
        case .uint64: read(UInt64.self) { $0.map { Double($0) } }
        case .uint32: read(UInt32.self) { $0.map { Double($0) } }
        case .uint16: read(UInt16.self) { $0.map { Double($0) } }
        default: read(UInt8.self) { $0.map { Double($0) } }
        }
    }
}

/// What passes from node to node.
package enum ONNXValue: Sendable {
    /// An array.
    case array(ONNXArray)
    /// A sequence of values.
    case sequence([ONNXValue])
    /// An optional value that is not there.
    case nothing

    /// With what an array itself takes: loops may collect many of one element.
    var byteCount: Int {
        switch self {
        case .array(let array): 256 + array.byteCount
        case .sequence(let values): values.reduce(256) { $0 + $1.byteCount }
        case .nothing: 0
        }
    }

    var kind: String {
        switch self {
        case .array(let array): "a tensor of \(array.elementType.name) \(array.shape)"
        case .sequence: "a sequence"
        case .nothing: "an empty optional"
        }
    }
}
