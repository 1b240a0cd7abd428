import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Loads tensors that lie in files beside a model.
///
/// A path in a model is outside text: it is followed name by name from the model's folder, without `..` and without links,
/// so that a model cannot read what is not its own.
struct ONNXExternalData {
    let folder: String
    /// The model, for messages.
    let source: String
    /// All that may be loaded, in bytes, beside the model itself.
    private var budget = 1 << 36

    init(folder: String, source: String) { (self.folder, self.source) = (folder, source) }

    mutating func load(into graph: inout ONNXGraph) throws(RecurrentError) {
        for index in graph.initializers.indices { try load(into: &graph.initializers[index]) }
        for index in graph.nodes.indices { try load(into: &graph.nodes[index]) }
    }

    mutating func load(into node: inout ONNXNode) throws(RecurrentError) {
        for index in node.attributes.indices {
            switch node.attributes[index].value {
            case .tensor(var tensor):
                try load(into: &tensor)
                node.attributes[index].value = .tensor(tensor)
            case .tensors(var tensors):
                for k in tensors.indices { try load(into: &tensors[k]) }
                node.attributes[index].value = .tensors(tensors)
            case .graph(var graph):
                try load(into: &graph)
                node.attributes[index].value = .graph(graph)
            case .graphs(var graphs):
                for k in graphs.indices { try load(into: &graphs[k]) }
                node.attributes[index].value = .graphs(graphs)
            default: continue
            }
        }
    }

    private mutating func load(into tensor: inout ONNXTensor) throws(RecurrentError) {
        guard case .external(let external) = tensor.data else { return }
        let name = ONNXTensor.shown(tensor.name)
        guard let size = tensor.elementType.byteCount, let count = tensor.elementCount,
            ONNXTensor.fits(tensor.dimensions),
            count < 1 << 48
        else { throw failure("the tensor \(name) has no size that could be read from a file", external) }
        let needed = count * size
        guard external.length ?? needed == needed else {
            throw failure("the tensor \(name) needs \(needed) bytes, but \(external.length ?? 0) are named", external)
        }
        guard needed <= budget else { throw failure("the external data are more than \(1 << 36) bytes", external) }
        budget -= needed
        tensor.data = .raw(try read(external, count: needed)[...])
    }

    private func read(_ external: ONNXTensor.External, count: Int) throws(RecurrentError) -> [UInt8] {
        let names = external.location.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        var parts = names
        if parts.count > 1, parts.first == "." { parts.removeFirst() }
        guard !parts.isEmpty, parts.allSatisfy({ PathName.isPlain($0) }) else {
            throw failure(
                "external data in \(ONNXTensor.shown(external.location)) are refused", external,
                why: "they must lie in the model's folder, without \"..\" and not from the root")
        }
        var descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        for (index, part) in parts.enumerated() {
            guard descriptor >= 0 else { break }
            let isLast = index == parts.count - 1
            let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isLast ? O_NONBLOCK : O_DIRECTORY)
            let next = openat(descriptor, part, flags)
            if next < 0, errno == ELOOP || errno == ENOTDIR {
                throw failure(
                    "external data in \(ONNXTensor.shown(external.location)) are refused", external,
                    why: "a link or a file stands on the way")
            }
            close(descriptor)
            descriptor = next
        }
        guard descriptor >= 0 else {
            throw failure("the external data in \(ONNXTensor.shown(external.location)) cannot be opened", external)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure("\(ONNXTensor.shown(external.location)) is no file", external)
        }
        let available = max(0, Int(status.st_size))
        guard external.offset <= available, count <= available - external.offset else {
            throw failure(
                "\(ONNXTensor.shown(external.location)) has \(available) bytes", external,
                why: "\(count) from byte \(external.offset) are needed")
        }
        var filled = 0
        var failed: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                let got = pread(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(external.offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failed = got < 0 ? errno : EIO
                    break
                }
                filled += got
            }
            initialized = filled
        }
        if failed != 0 { throw SystemFailure.error(failed, "read", PathName.join(folder, external.location)) }
        return bytes
    }

    private func failure(
        _ what: String, _ external: ONNXTensor.External, why: String? = nil
    ) -> RecurrentError { RecurrentError(.badModel, what, at: source, why: why) }
}
