import Testing

@Test func placeholderUntilProgramTests() { #expect(Bool(true)) }
