/// Text from outside as it may be shown on a terminal: control characters replaced, cut after `limit` characters.
package func printable(_ text: String, limit: Int = 200) -> String {
    var result = ""
    var length = 0
    for scalar in text.unicodeScalars {
        if length == limit { return result + "…" }
        // C0, DEL and C1 can move the cursor or start an escape sequence; U+2028.. and the bidi controls reorder a line.
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: result.unicodeScalars.append("\u{FFFD}")
        default: result.unicodeScalars.append(scalar)
        }
        length += 1
    }
    return result
}

/// A field of a file between quotation marks, shortened, safe to print.
package func excerpt(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let head = UnsafeBufferPointer(rebasing: bytes.prefix(161))
    return "\"" + printable(String(decoding: head, as: UTF8.self), limit: 40) + "\""
}

/// A text from outside between quotation marks, shortened, safe to print.
package func excerpt(_ text: String) -> String { "\"" + printable(text, limit: 40) + "\"" }

/// A count with its noun: `1 row`, `20 rows`.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) " + (count == 1 ? noun : plural ?? noun + "s")
}
