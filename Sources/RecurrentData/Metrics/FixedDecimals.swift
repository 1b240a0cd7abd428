/// Numbers with a fixed number of decimals, for the lines that a metric writes of itself.
enum FixedDecimals {
    /// A number with `decimals` digits after the point; what no 64-bit whole number can hold in that unit is written in full.
    static func text(_ value: Double, decimals: Int) -> String {
        var unit = 1.0
        for _ in 0..<decimals { unit *= 10 }
        let scaled = (abs(value) * unit).rounded(.toNearestOrEven)
        guard let whole = Int(exactly: scaled), decimals > 0 else { return "\(value)" }
        let (integer, fraction) = whole.quotientAndRemainder(dividingBy: Int(unit))
        let digits = String(fraction)
        let sign = value < 0 && whole > 0 ? "-" : ""
        return sign + "\(integer)." + String(repeating: "0", count: max(0, decimals - digits.count)) + digits
    }
}
