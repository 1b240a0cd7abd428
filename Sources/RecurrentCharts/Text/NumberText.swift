/// Numbers as people read them. Never traps, also not on NaN and infinity.
public enum NumberText {
    /// A number with a fixed number of decimals: `fixed(3.14159, 2)` is `3.14`, a NaN is `–`.
    ///
    /// Numbers from 10¹⁵ up have no decimals to show and are written as `1.2e+18`.
    public static func fixed(_ value: Double, _ decimals: Int, grouped: Bool = false) -> String {
        if value.isNaN { return "–" }
        if value.isInfinite { return value < 0 ? "−∞" : "∞" }
        let decimals = max(0, min(decimals, 15))
        let scale = power(of: 10, decimals)
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return value.description }
        let digits = String(Int64(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        var whole = String(padded.dropLast(decimals))
        if grouped { whole = self.grouped(whole) }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + whole + (decimals > 0 ? "." + padded.suffix(decimals) : "")
    }

    /// A number with about so many significant digits, as short as it can be: `0.0421`, `3.14`, `1,234`, `1.2e+09`.
    public static func compact(_ value: Double, digits: Int = 4) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : fixed(value, 0) }
        let digits = max(1, min(digits, 15))
        let exponent = decimalExponent(value)
        if exponent < -4 || exponent >= 9 { return scientific(value, digits: min(digits, 3)) }
        return trimmed(fixed(value, max(0, digits - 1 - exponent), grouped: true))
    }

    /// A duration in the largest units that matter: `4.2 s`, `3:07`, `2:05:09`, `3 d 4 h`.
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "–" }
        if seconds < 9.95 { return fixed(seconds, 1) + " s" }
        guard seconds < 1e9 else { return "∞" }
        let whole = Int(seconds.rounded())
        func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60):\(two(whole % 60))" }
        if whole < 172_800 { return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" }
        return "\(whole / 86_400) d \(whole / 3600 % 24) h"
    }

    // MARK: - Parts

    static func grouped(_ digits: String) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text[...]
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return String(text)
    }

    /// The exponent of the decimal notation: 0 for 1…9.99, −2 for 0.01…0.0999.
    static func decimalExponent(_ value: Double) -> Int {
        var size = abs(value)
        guard size.isFinite, size > 0 else { return 0 }
        var exponent = 0
        // Steps of 10⁸ first: at most some forty multiplications in all, for any Double.
        while size >= 1e8 { (size, exponent) = (size / 1e8, exponent + 8) }
        while size < 1e-8 { (size, exponent) = (size * 1e8, exponent - 8) }
        while size >= 10 { (size, exponent) = (size / 10, exponent + 1) }
        while size < 1 { (size, exponent) = (size * 10, exponent - 1) }
        return exponent
    }

    static func power(of base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<min(abs(exponent), 400) { result *= base }
        return exponent < 0 ? 1 / result : result
    }

    static func scientific(_ value: Double, digits: Int) -> String {
        var exponent = decimalExponent(value)
        var mantissa = exponent < 0 ? value * power(of: 10, -exponent) : value / power(of: 10, exponent)
        // 10³⁰⁸ is the largest power that a Double holds; below 10⁻³⁰⁸ the two steps go one after the other.
        if !mantissa.isFinite { mantissa = value * 1e300 * power(of: 10, -exponent - 300) }
        if abs(mantissa) >= 9.9999 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        let sign = exponent < 0 ? "-" : "+"
        let power = String(abs(exponent))
        return trimmed(fixed(mantissa, digits - 1)) + "e" + sign + (power.count < 2 ? "0" : "") + power
    }
}
