#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A new empty folder for one test.
public func temporaryFolder() -> String {
    var template = Array((String(cString: getenv("TMPDIR") ?? strdup("/tmp")) + "/recurrent-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
