/// Text that came from outside, made safe to show.
public enum SafeText {
    /// The text without the characters that command a terminal: ESC, the control characters of C0 and C1, and the marks
    /// that reverse the direction of writing. Tabs and line ends become spaces.
    public static func terminal(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x2028, 0x2029: safe.append(" ")
            case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: break
            default: safe.append(scalar)
            }
        }
        return String(safe)
    }

    /// The text with the characters that mean something in XML written as references, without those that XML forbids
    /// and without those that reverse the direction of writing.
    package static func xml(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            case "\t", "\n", "\r": safe += " "
            default:
                switch scalar.value {
                case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF: break
                default: safe.unicodeScalars.append(scalar)
                }
            }
        }
        return safe
    }
}
