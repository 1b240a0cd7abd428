extension Tokenizer {
    /// A part of a text that a person would point at.
    package struct Part: Sendable, Hashable {
        /// The part as it stands in the text.
        package let text: String
    }

    /// The words of a text as they stand in it, or its characters where a token is one. Encoding them one by one gives the
    /// tokens of the text.
    package func parts(of text: String) -> [Part] {
        let splitting = content.splitting == .none ? TextSplitting.spacedWords : content.splitting
        var text = text
        return text.withUTF8 { bytes in
            var parts: [Part] = []
            splitting.forEachWord(bytes) { range in
                parts.append(Part(text: String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)))
            }
            return parts
        }
    }
}
