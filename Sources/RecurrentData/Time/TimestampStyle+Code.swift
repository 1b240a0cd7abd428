extension TimestampStyle {
    /// The style as a short text that ``init(code:isDayFirst:utcOffset:)`` reads back: one token for each part.
    package var code: String {
        parts.map { part in
            switch part {
            case .year: "Y"
            case .shortYear: "y"
            case .month(let digits): "M\(digits)"
            case .day(let digits): "D\(digits)"
            case .dayOrMonth(let digits): "A\(digits)"
            case .monthOrDay(let digits): "B\(digits)"
            case .monthName(let isFull, let casing): "N" + (isFull ? "f" : "s") + casing.code
            case .quarter: "Q"
            case .week: "W"
            case .weekday: "w"
            case .hour(let digits): "H\(digits)"
            case .hour12(let digits): "h\(digits)"
            case .minute: "m"
            case .second: "s"
            case .fraction(let digits): "f\(digits)"
            case .meridiem(let isUpper): isUpper ? "PU" : "PL"
            case .offset(let form): "o" + form.code
            case .literal(let byte): "L\(byte)"
            case .epoch(let unit, let decimals): "E\(unit).\(decimals)"
            case .ordinal(let decimals): "O\(decimals)"
            }
        }.joined(separator: " ")
    }

    /// Reads what ``code`` gave; nil for any other text.
    package init?(code: String, isDayFirst: Bool, utcOffset: Int?) {
        var parts: [Part] = []
        for token in code.split(separator: " ") {
            guard let part = Part(token: token) else { return nil }
            parts.append(part)
        }
        guard !parts.isEmpty, parts.count <= 64, utcOffset.map({ abs($0) <= 86_400 }) ?? true else { return nil }
        self.init(parts, isDayFirst: isDayFirst, utcOffset: utcOffset)
    }
}

extension TimestampStyle.Part {
    fileprivate init?(token: Substring) {
        let rest = token.dropFirst()
        let digits = Int(rest).flatMap { (0...18).contains($0) ? $0 : nil }
        switch (token.first, digits) {
        case ("Y", _) where rest.isEmpty: self = .year
        case ("y", _) where rest.isEmpty: self = .shortYear
        case ("M", let digits?): self = .month(digits: digits)
        case ("D", let digits?): self = .day(digits: digits)
        case ("A", let digits?): self = .dayOrMonth(digits: digits)
        case ("B", let digits?): self = .monthOrDay(digits: digits)
        case ("N", _):
            guard rest.count == 2, let form = rest.first, "fs".contains(form),
                let casing = TimestampStyle.Casing(code: rest.dropFirst())
            else { return nil }
            self = .monthName(isFull: form == "f", casing: casing)
        case ("Q", _) where rest.isEmpty: self = .quarter
        case ("W", _) where rest.isEmpty: self = .week
        case ("w", _) where rest.isEmpty: self = .weekday
        case ("H", let digits?): self = .hour(digits: digits)
        case ("h", let digits?): self = .hour12(digits: digits)
        case ("m", _) where rest.isEmpty: self = .minute
        case ("s", _) where rest.isEmpty: self = .second
        case ("f", let digits?): self = .fraction(digits: digits)
        case ("P", _) where rest == "U" || rest == "L": self = .meridiem(isUpper: rest == "U")
        case ("o", _):
            guard let form = TimestampStyle.OffsetForm(code: rest) else { return nil }
            self = .offset(form)
        case ("L", _):
            guard let byte = UInt8(rest), (0x20...0x7E).contains(byte) else { return nil }
            self = .literal(byte)
        case ("E", _):
            let numbers = rest.split(separator: ".")
            guard numbers.count == 2, let unit = Int64(numbers[0]), (0...86_400_000_000).contains(unit),
                let decimals = Int(numbers[1]), (0...18).contains(decimals)
            else { return nil }
            self = .epoch(unitMicroseconds: unit, decimals: decimals)
        case ("O", let decimals?): self = .ordinal(decimals: decimals)
        default: return nil
        }
    }
}

extension TimestampStyle.Casing {
    fileprivate var code: String {
        switch self {
        case .lower: "l"
        case .capitalised: "c"
        case .upper: "u"
        }
    }

    fileprivate init?(code: Substring) {
        switch code {
        case "l": self = .lower
        case "c": self = .capitalised
        case "u": self = .upper
        default: return nil
        }
    }
}

extension TimestampStyle.OffsetForm {
    fileprivate var code: String {
        switch self {
        case .zulu: "z"
        case .colon: "c"
        case .plain: "p"
        case .hours: "h"
        }
    }

    fileprivate init?(code: Substring) {
        switch code {
        case "z": self = .zulu
        case "c": self = .colon
        case "p": self = .plain
        case "h": self = .hours
        default: return nil
        }
    }
}
