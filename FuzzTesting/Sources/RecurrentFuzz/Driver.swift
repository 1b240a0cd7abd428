import CFuzzer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The reader that this process tries: the one that FUZZ_TARGET names.
private let target: FuzzTarget = {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name) else {
        let line = Array("Set FUZZ_TARGET to one of: \(names)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(2)
    }
    return target
}()

/// Where the program begins: the package manager gives the entry point of an executable this name.
@_cdecl("RecurrentFuzz_main")
public func start(_ argc: Int32, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
    var count = argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = argv
    _ = target
    return LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        target.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    }
}

/// Changes an input. Of formats whose beginning says how long their header is, mostly the header changes and its length is
/// set right, since few random changes would pass that check.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32) -> Int {
    let prefix: Int
    let lengthSize: Int
    switch target {
    case .safetensors: (prefix, lengthSize) = (0, 8)
    case .npy: (prefix, lengthSize) = (8, 2)
    case .midi:
        let changed = LLVMFuzzerMutate(bytes, count, most)
        if seed % 8 != 0 { setTrackLengths(bytes, changed) }
        return changed
    default: return LLVMFuzzerMutate(bytes, count, most)
    }
    let begin = prefix + lengthSize
    guard count >= begin, most > begin, seed % 8 != 0 else { return LLVMFuzzerMutate(bytes, count, most) }
    let length = (0..<lengthSize).reversed().reduce(0) { $0 << 8 | Int(bytes[prefix + $1]) & 0xFF }
    guard length >= 0, length <= count - begin else { return LLVMFuzzerMutate(bytes, count, most) }
    let data = Array(UnsafeBufferPointer(start: bytes + begin + length, count: count - begin - length))
    let room = min(most - begin, 0xFFFF)
    let header = LLVMFuzzerMutate(bytes + begin, min(length, room), room)
    for place in 0..<lengthSize { bytes[prefix + place] = UInt8(truncatingIfNeeded: header >> (8 * place)) }
    let kept = min(data.count, most - begin - header)
    for place in 0..<kept { bytes[begin + header + place] = data[place] }
    return begin + header + kept
}

/// Makes every track of a MIDI file reach to the next one: few random changes would leave a length right.
private func setTrackLengths(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) {
    let name = Array("MTrk".utf8)
    let tracks = (0..<max(0, count - 7)).filter { begin in (0..<4).allSatisfy { bytes[begin + $0] == name[$0] } }
    for (index, begin) in tracks.enumerated() {
        let end = index + 1 < tracks.count ? max(tracks[index + 1], begin + 8) : count
        for place in 0..<4 {
            bytes[begin + 4 + place] = UInt8(truncatingIfNeeded: (end - begin - 8) >> (24 - 8 * place))
        }
    }
}
