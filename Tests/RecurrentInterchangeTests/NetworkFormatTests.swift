import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Folders of networks as every released version wrote them: they must keep loading, and keep their answers.
@Suite struct NetworkFormatTests {
    static let fixtures = String(#filePath.dropLast("NetworkFormatTests.swift".count)) + "Fixtures/"

    @Test(arguments: ["version-1-network"])
    func aFolderOfAnEarlierVersionAnswersAsPyTorchDid(_ name: String) throws {
        let network = try LayeredNetwork(folder: Self.fixtures + name)
        #expect(network.parts.map(\.name) == ["embedding", "lstm", "norm", "fc"])
        let (output, state) = try network.run(NPYFile.read(Self.fixtures + name + ".tokens.npy"))
        // A few roundings of float32 in each of six steps and two layers.
        #expect(relativeError(output, try NPYFile.read(Self.fixtures + name + ".output.npy")) < 2e-6)
        #expect(state.map(\.shape) == Array(repeating: [2, 2], count: 4) + Array(repeating: [2, 5], count: 4))
    }
}
