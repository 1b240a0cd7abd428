import RecurrentFormats

/// Walks over the rows of a shape while several arrays are read, each with strides of its own.
struct StridedWalk {
    /// All axes but the last.
    private let outer: [Int]
    /// The extent of the last axis.
    let width: Int
    private let strides: [[Int]]

    init(_ shape: [Int], strides: [[Int]]) {
        outer = Array(shape.dropLast())
        width = shape.last ?? 1
        self.strides = strides
    }

    /// The stride of the last axis of each array.
    func last(_ array: Int) -> Int { strides[array].last ?? 0 }

    /// Calls `body` with the number of each row and where it begins in each array.
    func rows(_ body: (_ row: Int, _ offsets: [Int]) throws -> Void) rethrows {
        let count = outer.reduce(1, *)
        guard count > 0, width > 0 else { return }
        var index = [Int](repeating: 0, count: outer.count)
        var offsets = [Int](repeating: 0, count: strides.count)
        for row in 0..<count {
            try body(row, offsets)
            var axis = outer.count - 1
            while axis >= 0 {
                index[axis] += 1
                for k in strides.indices { offsets[k] += strides[k][axis] }
                if index[axis] < outer[axis] { break }
                for k in strides.indices { offsets[k] -= strides[k][axis] * outer[axis] }
                index[axis] = 0
                axis -= 1
            }
        }
    }

    /// The distances between neighbours along each axis of an array without holes.
    static func strides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
        return strides
    }

    /// The strides of an array that is repeated along the axes that it lacks or where it has one element.
    static func broadcastStrides(_ shape: [Int], in target: [Int]) -> [Int] {
        let own = strides(shape)
        let missing = target.count - shape.count
        return target.indices.map { axis in
            axis < missing || shape[axis - missing] == 1 ? 0 : own[axis - missing]
        }
    }
}

/// Something to do with elements of which only the width matters.
protocol WidthVisitor {
    associatedtype Result
    func visit<U: BitwiseCopyable>(_: U.Type) throws -> Result
}

extension WidthVisitor {
    func visit(width: Int) throws -> Result {
        switch width {
        case 1: try visit(UInt8.self)
        case 2: try visit(UInt16.self)
        case 4: try visit(UInt32.self)
        default: try visit(UInt64.self)
        }
    }
}

extension ONNXCall {
    /// The shape to which all of these are repeated.
    func broadcastShape(_ shapes: [[Int]]) throws -> [Int] {
        var result: [Int] = []
        for shape in shapes {
            while result.count < shape.count { result.insert(1, at: 0) }
            let missing = result.count - shape.count
            for (axis, extent) in shape.enumerated() where extent != 1 {
                guard result[missing + axis] == 1 || result[missing + axis] == extent else {
                    throw failure("the shapes \(shapes.map { "\($0)" }.joined(separator: " and ")) do not fit")
                }
                result[missing + axis] = extent
            }
        }
        return result
    }

    /// The elements of `array` from `offset` on with these strides, each of which must lead to an element.
    func gathered(_ array: ONNXArray, _ shape: [Int], offset: Int = 0, strides: [Int]) throws -> ONNXArray {
        try reserve(shape, array.elementType)
        return try Gathering(call: self, array: array, shape: shape, offset: offset, strides: strides)
            .visit(width: array.width)
    }

    private struct Gathering: WidthVisitor {
        let call: ONNXCall
        let array: ONNXArray
        let shape: [Int]
        let offset: Int
        let strides: [Int]

        func visit<U: BitwiseCopyable>(_: U.Type) throws -> ONNXArray {
            var result = ONNXArray(zeros: shape, array.elementType)
            guard result.count > 0 else { return result }
            let (width, count) = (array.width, array.count)
            var lowest = offset
            var highest = offset
            for (extent, stride) in zip(shape, strides) {
                if stride < 0 { lowest += stride * (extent - 1) } else { highest += stride * (extent - 1) }
            }
            precondition(
                lowest >= 0 && highest < count && width == MemoryLayout<U>.size,
                "ONNX: elements \(lowest) to \(highest) of \(count)")
            let walk = StridedWalk(shape, strides: [strides])
            let step = walk.last(0)
            array.read(U.self) { source in
                result.write(U.self) { target in
                    walk.rows { row, offsets in
                        let (begin, from) = (row * walk.width, offset + offsets[0])
                        for k in 0..<walk.width { target[begin + k] = source[from + k * step] }
                    }
                }
            }
            return result
        }
    }

    /// Elements of `array`, in the order and of the count that `indices` says; each must be one of its elements.
    func picked(_ array: ONNXArray, _ indices: [Int], shape: [Int]) throws -> ONNXArray {
        try reserve(shape, array.elementType)
        return try Picking(array: array, indices: indices, shape: shape).visit(width: array.width)
    }

    private struct Picking: WidthVisitor {
        let array: ONNXArray
        let indices: [Int]
        let shape: [Int]

        func visit<U: BitwiseCopyable>(_: U.Type) throws -> ONNXArray {
            var result = ONNXArray(zeros: shape, array.elementType)
            let count = array.count
            precondition(indices.count == result.count, "ONNX: \(indices.count) picks for \(shape)")
            array.read(U.self) { source in
                result.write(U.self) { target in
                    for (k, index) in indices.enumerated() {
                        precondition(index >= 0 && index < count, "ONNX: element \(index) of \(count)")
                        target[k] = source[index]
                    }
                }
            }
            return result
        }
    }

    /// `array` repeated to a shape.
    func broadcast(_ array: ONNXArray, to shape: [Int]) throws -> ONNXArray {
        if array.shape == shape { return array }
        return try gathered(array, shape, strides: StridedWalk.broadcastStrides(array.shape, in: shape))
    }

    /// `array` with its axes in another order.
    func transposed(_ array: ONNXArray, _ order: [Int]) throws -> ONNXArray {
        if order == Array(0..<array.rank) { return array }
        let strides = StridedWalk.strides(array.shape)
        return try gathered(array, order.map { array.shape[$0] }, strides: order.map { strides[$0] })
    }

    /// A function of two arrays, element by element, each repeated where needed.
    @inline(__always)
    func zipped<A: BitwiseCopyable, B: BitwiseCopyable, R: BitwiseCopyable>(
        _ a: ONNXArray, _ b: ONNXArray, _: A.Type, _: B.Type, _ type: ONNXElementType, _: R.Type,
        _ function: (A, B) -> R
    ) throws -> ONNXArray {
        let shape = try broadcastShape([a.shape, b.shape])
        return try make(shape, type, of: R.self) { target in
            a.read(A.self) { x in
                b.read(B.self) { y in
                    if a.shape == shape, b.shape == shape {
                        for k in target.indices { target[k] = function(x[k], y[k]) }
                        return
                    }
                    let walk = StridedWalk(
                        shape,
                        strides: [
                            StridedWalk.broadcastStrides(a.shape, in: shape),
                            StridedWalk.broadcastStrides(b.shape, in: shape),
                        ])
                    let (stepX, stepY) = (walk.last(0), walk.last(1))
                    walk.rows { row, offsets in
                        let begin = row * walk.width
                        for k in 0..<walk.width {
                            target[begin + k] = function(x[offsets[0] + k * stepX], y[offsets[1] + k * stepY])
                        }
                    }
                }
            }
        }
    }

    /// A function of each element.
    @inline(__always)
    func mapped<A: BitwiseCopyable, R: BitwiseCopyable>(
        _ a: ONNXArray, _: A.Type, _ type: ONNXElementType, _: R.Type, _ function: (A) -> R
    ) throws -> ONNXArray {
        try make(a.shape, type, of: R.self) { target in
            a.read(A.self) { x in for k in x.indices { target[k] = function(x[k]) } }
        }
    }
}
