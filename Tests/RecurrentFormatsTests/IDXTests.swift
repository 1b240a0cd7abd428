import RecurrentFormats
import RecurrentTensor
import Testing

@Test func anIDXFileOfBytesIsReadAsItsShapeSays() throws {
    let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3]
    let tensor = try IDXFile.tensor(header + [1, 2, 3, 250, 251, 252])
    #expect(tensor.isIdentical(to: Tensor([1, 2, 3, 250, 251, 252] as [UInt8], shape: [2, 1, 3])))
    let signed = try IDXFile.tensor([0, 0, 9, 1, 0, 0, 0, 2, 255, 7])
    #expect(signed.isIdentical(to: Tensor([-1, 7] as [Int8], shape: [2])))
    #expect(try IDXFile.tensor([0, 0, 8, 0, 9]).isIdentical(to: Tensor([9] as [UInt8], shape: [])))
}

@Test(
    arguments: [
        ([], "two zero bytes"), ([0, 0, 8], "two zero bytes"), ([1, 0, 8, 1, 0, 0, 0, 1, 5], "two zero bytes"),
        ([0x1F, 0x8B, 8, 0], "gunzip"), ([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0], "type 13"),
        ([0, 0, 8, 2, 0, 0, 0, 1], "cut short"), ([0, 0, 8, 255], "cut short"),
        ([0, 0, 8, 1, 0, 0, 0, 2, 5], "needs 2"), ([0, 0, 8, 1, 0, 0, 0, 1, 5, 6], "needs 1"),
        ([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "beyond all memory"),
        ([0, 0, 8, 2] + [UInt8](repeating: 127, count: 8), "needs"),
    ] as [([UInt8], String)])
func anIDXFileThatBreaksTheFormatIsRefusedInWords(_ bytes: [UInt8], _ word: String) {
    let error = #expect(throws: RecurrentError.self) { try IDXFile.tensor(bytes, source: "digits") }
    #expect(error?.category == .badData && error?.place == "digits")
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
}
