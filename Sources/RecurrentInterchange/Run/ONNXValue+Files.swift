package import RecurrentFormats
package import RecurrentTensor

extension ONNXValue {
    /// A value from the bytes of a file of test data: a tensor, a sequence or an optional value, as `type` says.
    ///
    /// - Throws: `badModel` where the bytes are no such value.
    package init(parsing bytes: [UInt8], as type: ONNXType, source: String) throws(RecurrentError) {
        switch type {
        case .sequence: self = try ONNXValue.sequence(ProtobufReader(bytes, source: source))
        case .optional(let element): self = try ONNXValue.optional(ProtobufReader(bytes, source: source), element)
        default: self = .array(try ONNXArray(ONNXTensor(parsing: bytes, source: source), source: source))
        }
    }

    private static func array(_ reader: ProtobufReader) throws(RecurrentError) -> ONNXValue {
        .array(try ONNXArray(ONNXTensor(parsing: reader), source: reader.source))
    }

    private static func sequence(_ message: ProtobufReader) throws(RecurrentError) -> ONNXValue {
        var reader = message
        var values: [ONNXValue] = []
        while let field = try reader.next() {
            switch field.number {
            case 3: values.append(try array(try reader.message(field)))
            case 5: values.append(try sequence(try reader.message(field)))
            default: try reader.skip(field)
            }
        }
        return .sequence(values)
    }

    private static func optional(_ message: ProtobufReader, _ element: ONNXType?) throws(RecurrentError) -> ONNXValue {
        var reader = message
        var value = ONNXValue.nothing
        while let field = try reader.next() {
            switch field.number {
            case 3: value = try array(try reader.message(field))
            case 5: value = try sequence(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        return value
    }

    /// Where another value differs from this one, in words; nil where it agrees.
    ///
    /// Floats agree where |a − b| ≤ `absolute` + `relative`·|this|, with NaN like NaN; everything else only where it is equal.
    ///
    /// - Parameter lastPlaces: how many units in the last place floats of 16 bits may differ by, whatever the tolerances.
    package func difference(
        to other: ONNXValue, relative: Double, absolute: Double, lastPlaces: Int = 0
    ) -> String? {
        switch (self, other) {
        case (.array(let expected), .array(let found)):
            var relative = relative
            if lastPlaces > 0, expected.elementType == .float16 {
                relative = max(relative, Double(lastPlaces) * 0x1p-10)
            }
            if lastPlaces > 0, expected.elementType == .bfloat16 {
                relative = max(relative, Double(lastPlaces) * 0x1p-7)
            }
            return ONNXValue.difference(expected, found, relative, absolute)
        case (.sequence(let expected), .sequence(let found)):
            guard expected.count == found.count else {
                return "a sequence of \(found.count) values; \(expected.count) are expected"
            }
            for (k, pair) in zip(expected, found).enumerated() {
                if let difference = pair.0.difference(
                    to: pair.1, relative: relative, absolute: absolute, lastPlaces: lastPlaces)
                {
                    return "value \(k) of the sequence: \(difference)"
                }
            }
            return nil
        case (.nothing, .nothing): return nil
        default: return "\(other.kind); \(kind) is expected"
        }
    }

    private static func difference(
        _ expected: ONNXArray, _ found: ONNXArray, _ relative: Double, _ absolute: Double
    ) -> String? {
        guard expected.elementType == found.elementType, expected.shape == found.shape else {
            return
                "\(found.elementType.name) \(found.shape); \(expected.elementType.name) \(expected.shape) is expected"
        }
        let isFloat = [.float32, .float64, .float16, .bfloat16].contains(expected.elementType)
        if !isFloat {
            let same = expected.storage.withUnsafeBytes { a in
                found.storage.withUnsafeBytes { b in a.elementsEqual(b) }
            }
            if same { return nil }
        }
        var (worst, place, count) = (0.0, -1, 0)
        let (a, b) = (expected.doubles(), found.doubles())
        for k in a.indices {
            if a[k] == b[k] || a[k].isNaN && b[k].isNaN { continue }
            let distance = abs(a[k] - b[k])
            if isFloat, distance <= absolute + relative * abs(a[k]), a[k].isFinite { continue }
            count += 1
            if place < 0 || !(distance <= worst) { (worst, place) = (distance, k) }
        }
        guard place >= 0 else { return isFloat ? nil : "other bits in numbers beyond 2⁵³" }
        return "\(count) of \(a.count) elements differ; element \(place) is \(b[place]), \(a[place]) is expected"
    }
}
