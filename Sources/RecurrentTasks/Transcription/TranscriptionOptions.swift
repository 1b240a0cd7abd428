/// What a person may choose about a transcriber; what is nil is found from the data.
public struct TranscriptionOptions: Sendable {
    /// A list of recordings to judge each pass by; nil: a tenth of the training recordings.
    public var validFile: String?
    /// A list of recordings to judge the trained model by.
    public var testFile: String?
    /// What a label stands for; nil: words where there are few, else characters.
    public var unit: TranscriptionAlphabet.Unit?
    /// The characters that may occur; nil: those of the training texts.
    public var alphabet: String?
    /// Whether texts are learnt in small letters.
    public var isLowercased = false
    /// Whether the model is to transcribe while sound arrives.
    public var isStreaming = false
    /// The number of passes over the data.
    public var epochs: Int?
    /// The seed of weights, order, dropout and changes of the recordings.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout TranscriberRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}
