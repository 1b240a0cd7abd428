#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What `mkdtemp` and `mkstemp` fill in: a name in the folder of the system, or of `TMPDIR`, for temporary files.
public func temporaryTemplate() -> [CChar] {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
    return Array((folder + "/recurrent-test-XXXXXX").utf8CString)
}

/// A new empty folder for one test.
public func temporaryFolder() -> String {
    var template = temporaryTemplate()
    guard mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
