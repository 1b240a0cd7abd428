/// A JSON value. Objects keep the order of their keys; whole numbers stay whole.
///
/// ```swift
/// let config: JSON = ["task": "forecast", "layers": 2, "rates": [0.5, nil]]
/// print(config.text(.pretty))
/// let layers = try JSONCursor(config, source: "config.json")["layers"].int(in: 1...64)
/// ```
public enum JSON: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// Text.
    case string(String)
    /// An ordered list.
    case array([JSON])
    /// Keys and values, in the order in which they were written.
    case object(JSONObject)
}

// MARK: - Looking inside

extension JSON {
    /// The value of a key, or nil where this is no object or has no such key.
    ///
    /// Assigning to a key of anything but an object makes it an object with that one key; assigning nil removes the key.
    public subscript(key: String) -> JSON? {
        get {
            guard case .object(let object) = self else { return nil }
            return object[key]
        }
        set {
            var object = objectValue ?? JSONObject()
            self = .null  // gives up this reference to the storage, so that the change copies nothing
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element at a position, or nil where this is no array or is too short.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The truth value, or nil where this is none.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, or nil where this is no number or has a fraction.
    public var intValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, or nil where this is none. Whole numbers beyond 2⁵³ are rounded.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The text, or nil where this is none.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, or nil where this is no array.
    public var arrayValue: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The keys and values, or nil where this is no object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// What kind of value this is, as a person would say it: `null`, `true or false`, `number`, `text`, `list`, `object`.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "number"
        case .string: "text"
        case .array: "list"
        case .object: "object"
        }
    }
}

// MARK: - Making values

extension JSON {
    /// A list of numbers.
    public init(_ values: some Sequence<Double>) { self = .array(values.map { .number($0) }) }
    /// A list of whole numbers.
    public init(_ values: some Sequence<Int>) { self = .array(values.map { .integer(Int64($0)) }) }
    /// A list of texts.
    public init(_ values: some Sequence<String>) { self = .array(values.map { .string($0) }) }
    /// A whole number.
    public init(_ value: Int) { self = .integer(Int64(value)) }
    /// A number.
    public init(_ value: Double) { self = .number(value) }
    /// A number, kept as short as a `Float` is written: 0.1 rather than 0.10000000149011612.
    public init(_ value: Float) { self = .number(Double(value.description) ?? Double(value)) }
    /// A truth value.
    public init(_ value: Bool) { self = .bool(value) }
    /// A text.
    public init(_ value: String) { self = .string(value) }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object.
    ///
    /// - Precondition: no key stands twice.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
