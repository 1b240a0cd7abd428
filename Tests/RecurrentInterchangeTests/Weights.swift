import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Weights by name and shape, random and the same each time.
func weights(_ shapes: [(String, [Int])]) -> [(name: String, tensor: Tensor)] {
    shapes.enumerated().map { (name: $1.0, tensor: randomTensor($1.1, UInt64($0 + 1), of: .float32)) }
}

/// The weights of parts under PyTorch's names.
func weights(of parts: [(name: String, part: NetworkPart)]) -> [(name: String, tensor: Tensor)] {
    weights(
        parts.flatMap { name, part in
            part.parameters.map { ((name.isEmpty ? "" : name + ".") + $0.name, $0.shape) }
        })
}

func imported(
    _ weights: [(name: String, tensor: Tensor)], _ change: (inout NetworkImport.Options) -> Void = { _ in }
) throws(RecurrentError) -> NetworkImport {
    var options = NetworkImport.Options()
    change(&options)
    return try NetworkImport(
        stateDict: SafetensorsFile(bytes: Safetensors.bytes(weights), source: "state.safetensors"), options: options)
}

/// What an import is refused with; nil where it is not.
func refusal(
    _ weights: [(name: String, tensor: Tensor)], _ change: (inout NetworkImport.Options) -> Void = { _ in }
) -> RecurrentError? {
    do throws(RecurrentError) {
        _ = try imported(weights, change)
        return nil
    } catch { return error }
}

/// A folder for one test, removed with all that is in it when the test ends.
final class Scratch {
    let path = temporaryFolder()

    deinit { Self.remove(path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    var names: [String] { (try? FileSystem().names(in: path)) ?? [] }

    private static func remove(_ path: String) {
        if FileSystem().isFolder(path) {
            for name in (try? FileSystem().names(in: path)) ?? [] { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
