import RecurrentFormats

/// Compares a JSON value with a JSON schema, as far as the schemas of this package go: an unknown keyword is a complaint, so
/// that no rule is passed over.
struct SchemaCheck {
    private let root: JSON
    private(set) var complaints: [String] = []

    init(_ value: JSON, against schema: JSON) {
        root = schema
        check(value, schema, "")
    }

    private static let silent: Set = [
        "$schema", "$id", "$defs", "title", "description", "required", "additionalProperties",
    ]

    private mutating func check(_ value: JSON, _ schema: JSON, _ place: String) {
        for (keyword, rule) in schema.objectValue ?? JSONObject() where !Self.silent.contains(keyword) {
            if let complaint = broken(keyword, rule, value, place) { complaints.append("\(place): \(complaint)") }
        }
        guard let object = value.objectValue, let properties = schema["properties"]?.objectValue else { return }
        for key in schema["required"]?.arrayValue ?? [] where object[key.stringValue ?? ""] == nil {
            complaints.append("\(place): \(key.stringValue ?? "") is missing")
        }
        for (key, inner) in object {
            if let rule = properties[key] {
                check(inner, rule, place + "/" + key)
            } else if schema["additionalProperties"] == false {
                complaints.append("\(place): \(key) is not known")
            }
        }
    }

    private mutating func broken(_ keyword: String, _ rule: JSON, _ value: JSON, _ place: String) -> String? {
        let number = value.doubleValue
        switch keyword {
        case "type": return Self.has(value, type: rule.stringValue ?? "") ? nil : "is no \(rule.stringValue ?? "")"
        case "const": return value == rule ? nil : "is not \(rule.text())"
        case "enum": return rule.arrayValue?.contains(value) == true ? nil : "is none of \(rule.text())"
        case "minimum": return number.map { $0 >= rule.doubleValue ?? 0 } ?? true ? nil : "is below \(rule.text())"
        case "maximum": return number.map { $0 <= rule.doubleValue ?? 0 } ?? true ? nil : "is above \(rule.text())"
        case "exclusiveMinimum":
            return number.map { $0 > rule.doubleValue ?? 0 } ?? true ? nil : "is not above \(rule.text())"
        case "minItems":
            return value.arrayValue.map { $0.count >= rule.intValue ?? 0 } ?? true ? nil : "has too few items"
        case "pattern":
            guard let text = value.stringValue, let pattern = try? Regex(rule.stringValue ?? "") else { return nil }
            return text.wholeMatch(of: pattern) == nil ? "does not match \(rule.text())" : nil
        case "properties": return nil
        case "items":
            for (index, item) in (value.arrayValue ?? []).enumerated() { check(item, rule, "\(place)/\(index)") }
            return nil
        case "anyOf":
            let fits = (rule.arrayValue ?? []).contains { schema in
                var attempt = self
                attempt.complaints = []
                attempt.check(value, schema, place)
                return attempt.complaints.isEmpty
            }
            return fits ? nil : "fits none of the choices"
        case "$ref":
            let parts = (rule.stringValue ?? "").split(separator: "/").dropFirst().map(String.init)
            guard let schema = parts.reduce(Optional(root), { $0?[$1] }) else { return "\(rule.text()) leads nowhere" }
            check(value, schema, place)
            return nil
        default: return "the schema's keyword \(keyword) is not known here"
        }
    }

    private static func has(_ value: JSON, type: String) -> Bool {
        switch type {
        case "object": value.objectValue != nil
        case "array": value.arrayValue != nil
        case "string": value.stringValue != nil
        case "integer": value.intValue != nil
        case "number": value.doubleValue != nil
        case "boolean": value.boolValue != nil
        case "null": value.isNull
        default: false
        }
    }
}
