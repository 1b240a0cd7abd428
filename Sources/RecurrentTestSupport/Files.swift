#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A new empty folder for one test.
public func temporaryFolder() -> String {
    var template = Array(
        ((getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir) + "/recurrent-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
