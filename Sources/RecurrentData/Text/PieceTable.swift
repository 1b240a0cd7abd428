/// Byte strings with numbers from 0, packed in one buffer, found by their bytes without allocating.
///
/// Pieces are compared byte by byte: two spellings of one accented letter are two pieces, as in `tokenizer.json`.
package struct PieceTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Open addressing: the number of a piece plus one, 0 where a slot is free.
    private var slots: [Int32] = [Int32](repeating: 0, count: 16)

    package init() {}

    /// The number of pieces.
    package var count: Int { ends.count }

    /// The bytes of a piece.
    package subscript(index: Int) -> ArraySlice<UInt8> { bytes[start(index)..<ends[index]] }

    /// The number of a piece, or nil where there is none.
    package func index(of piece: UnsafeBufferPointer<UInt8>) -> Int? {
        let slot = slot(of: piece)
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    /// The number of a piece, or nil where there is none.
    package func index(of piece: some Collection<UInt8>) -> Int? {
        piece.withContiguousStorageIfAvailable { index(of: $0) }
            ?? Array(piece).withUnsafeBufferPointer { index(of: $0) }
    }

    /// Adds a piece at the end where it is new; its number, and whether it is new.
    ///
    /// - Precondition: fewer than 2³¹ − 1 pieces.
    @discardableResult
    package mutating func insert(_ piece: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
        var slot = slot(of: piece)
        if slots[slot] != 0 { return (Int(slots[slot]) - 1, false) }
        precondition(count < Int(Int32.max) - 1, "PieceTable: too many pieces")
        if (count + 1) * 2 > slots.count {
            grow()
            slot = self.slot(of: piece)
        }
        bytes.append(contentsOf: piece)
        ends.append(bytes.count)
        slots[slot] = Int32(ends.count)
        return (ends.count - 1, true)
    }

    /// Adds a piece at the end where it is new; its number, and whether it is new.
    @discardableResult
    package mutating func insert(_ piece: some Collection<UInt8>) -> (index: Int, isNew: Bool) {
        Array(piece).withUnsafeBufferPointer { insert($0) }
    }

    private func start(_ index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }

    private func slot(of piece: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(piece) & mask
        while slots[slot] != 0, !holds(Int(slots[slot]) - 1, piece) { slot = (slot + 1) & mask }
        return slot
    }

    private func holds(_ index: Int, _ piece: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = start(index)
        guard ends[index] - start == piece.count else { return false }
        for offset in 0..<piece.count where bytes[start + offset] != piece[offset] { return false }
        return true
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        bytes.withUnsafeBufferPointer { all in
            for index in 0..<ends.count {
                let piece = UnsafeBufferPointer(rebasing: all[start(index)..<ends[index]])
                var slot = Self.hash(piece) & mask
                while slots[slot] != 0 { slot = (slot + 1) & mask }
                slots[slot] = Int32(index + 1)
            }
        }
    }

    // The standard hash is keyed anew in every process, so that no file can be made to collide.
    private static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(piece))
        return hasher.finalize()
    }
}

extension PieceTable: Hashable {
    package static func == (a: PieceTable, b: PieceTable) -> Bool { a.ends == b.ends && a.bytes == b.bytes }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ends)
        hasher.combine(bytes)
    }
}
