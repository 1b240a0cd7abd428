public import RecurrentTensor

/// A tensor as an ONNX file stores it: a name, an element type, extents and data in one of several forms.
public struct ONNXTensor: Sendable, Hashable {
    /// The name; empty within attributes.
    public var name: String
    /// The type of the elements.
    public var elementType: ONNXElementType
    /// The extent of each axis; none is negative.
    public var dimensions: [Int]
    /// The elements.
    public var data: Data

    /// Where the elements of a tensor are.
    public enum Data: Sendable, Hashable {
        /// Little-endian, in row-major order.
        case raw(ArraySlice<UInt8>)
        /// Elements of type float32, or pairs of complex64.
        case floats([Float])
        /// Elements of 32 bits or less, a number each; floats of 16 bits by their bits.
        case int32s([Int32])
        /// Elements of type int64.
        case int64s([Int64])
        /// Elements of type float64, or pairs of complex128.
        case doubles([Double])
        /// Elements of type uint32 and uint64.
        case uint64s([UInt64])
        /// Texts, by their bytes.
        case strings([ArraySlice<UInt8>])
        /// In another file.
        case external(External)
    }

    /// A range of another file in the folder of the model.
    public struct External: Sendable, Hashable {
        /// The path of the file, relative to the model's folder.
        public var location: String
        /// The first byte.
        public var offset: Int
        /// The number of bytes; nil for as many as the tensor needs.
        public var length: Int?

        /// A range of a file.
        public init(location: String, offset: Int = 0, length: Int? = nil) {
            (self.location, self.offset, self.length) = (location, offset, length)
        }
    }

    /// A tensor of stored data.
    public init(name: String = "", elementType: ONNXElementType, dimensions: [Int], data: Data) {
        self.name = name
        self.elementType = elementType
        self.dimensions = dimensions
        self.data = data
    }

    /// A tensor of ours, as raw data.
    public init(_ tensor: Tensor, name: String = "") {
        // Every machine that Swift runs on is little-endian, as raw data are.
        self.init(
            name: name, elementType: ONNXElementType(tensor.elementType), dimensions: tensor.shape,
            data: .raw(tensor.withUnsafeBytes { Array($0) }[...]))
    }

    /// The number of elements; nil where it is beyond all memory.
    public var elementCount: Int? {
        var count = 1
        var overflow = false
        for extent in dimensions where !overflow { (count, overflow) = count.multipliedReportingOverflow(by: extent) }
        return overflow || count < 0 ? nil : count
    }
}

// MARK: - Elements

extension ONNXTensor {
    /// The tensor with its elements, for types that our tensors have.
    ///
    /// - Throws: `badModel` for other element types, for data that do not fill the extents, and for data in another file that
    ///   were not loaded.
    public func tensor(source: String = "onnx") throws(RecurrentError) -> Tensor {
        guard let type = elementType.elementType else {
            throw failure("has elements of type \(elementType.name)", source, why: "this type is not supported")
        }
        return try stored(as: type, source: source)
    }

    /// The elements as raw little-endian bytes; nil where they are texts or in another file.
    ///
    /// - Throws: `badModel` where the data do not fill the extents.
    public func rawBytes(source: String = "onnx") throws(RecurrentError) -> ArraySlice<UInt8>? {
        guard let size = elementType.byteCount else { return nil }
        if case .raw(let bytes) = data {
            _ = try checkedCount(of: bytes.count, size: size, source)
            return bytes
        }
        var bytes: [UInt8] = []
        func append<I: FixedWidthInteger>(_ values: some Sequence<I>) {
            for value in values { Swift.withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        }
        switch (data, size) {
        case (.floats(let values), 4), (.floats(let values), 8): append(values.map(\.bitPattern))
        case (.doubles(let values), 8), (.doubles(let values), 16): append(values.map(\.bitPattern))
        case (.int32s(let values), 4): append(values)
        case (.int32s(let values), 2): append(values.map { Int16(truncatingIfNeeded: $0) })
        case (.int32s(let values), 1): append(values.map { Int8(truncatingIfNeeded: $0) })
        case (.int64s(let values), 8): append(values)
        case (.uint64s(let values), 8): append(values)
        case (.uint64s(let values), 4): append(values.map { UInt32(truncatingIfNeeded: $0) })
        case (.external, _), (.strings, _): return nil
        default: throw failure("keeps its \(elementType.name) elements in the wrong field", source)
        }
        _ = try checkedCount(of: bytes.count, size: size, source)
        return bytes[...]
    }

    private func stored(as type: ElementType, source: String) throws(RecurrentError) -> Tensor {
        if case .external(let external) = data {
            throw failure(
                "keeps its data in the file \(ONNXTensor.shown(external.location))", source,
                why: "files beside the model are read only when asked for", help: "allow external data")
        }
        guard let bytes = try rawBytes(source: source) else { throw failure("holds texts, not numbers", source) }
        var tensor = bytes.withUnsafeBytes { Tensor(bytes: $0, shape: dimensions, of: type) }
        // A truth value of another byte would be neither true nor false.
        if type == .bool {
            tensor.withUnsafeMutableBytes { for k in $0.indices where $0[k] > 1 { $0[k] = 1 } }
        }
        return tensor
    }

    private func checkedCount(of byteCount: Int, size: Int, _ source: String) throws(RecurrentError) -> Int {
        guard let count = elementCount else {
            throw failure("of shape \(dimensions) has more elements than memory can hold", source)
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        // The product without the zeros must fit as well: a shape of zero elements is used in other products later.
        guard !overflow, bytes == byteCount, ONNXTensor.fits(dimensions) else {
            throw failure(
                "has \(byteCount) bytes of data", source,
                why:
                    "\(elementType.name) of shape \(dimensions) needs \(overflow ? "more than memory has" : "\(bytes)")"
            )
        }
        return count
    }

    /// Whether the product of the extents that are not zero is within reach.
    static func fits(_ dimensions: [Int]) -> Bool {
        var count = 1
        for extent in dimensions where extent > 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product < 1 << 48 else { return false }
            count = product
        }
        return true
    }

    private func failure(
        _ what: String, _ source: String, why: String? = nil, help: String? = nil
    ) -> RecurrentError {
        RecurrentError(.badModel, "the tensor \(ONNXTensor.shown(name)) \(what)", at: source, why: why, help: help)
    }

    /// A name from a file, quoted for a message.
    package static func shown(_ name: String) -> String { JSON.string(String(name.prefix(200))).text() }
}
