import RecurrentData
import RecurrentTensor

extension FuzzTarget {
    /// A MIDI file, its frames, and the notes of what is written of it.
    func readMIDI(_ bytes: [UInt8]) throws(RecurrentError) {
        let file = try MIDIFile(bytes: bytes, name: "fuzz")
        let notes = file.notes
        // A note takes three bytes to begin and two to end, of which one may be shared.
        precondition(notes.count * 3 <= bytes.count, "more notes than bytes")
        precondition(notes.allSatisfy { $0.duration > 0 && $0.end <= file.endTick }, "a note beyond the end")
        precondition(file.seconds.isFinite && file.seconds >= 0, "a length that is no number")
        if let again = try? MIDIFile(bytes: file.bytes(), name: "again") {
            // Notes of one pitch that overlap are told apart by nothing, and end together.
            precondition(again.repairs.hangingNotes == 0, "a note that was written does not end")
            precondition(again.notes.count + again.repairs.emptyNotes <= notes.count, "notes come from nowhere")
            precondition(again.endTick == file.endTick, "the end moves when it is written and read")
        }
        // Long pieces are refused or made, but not a thousand times a second.
        guard file.seconds < 100 else { return }
        let roll = try PianoRoll(file, rate: .perSecond(10))
        precondition(roll.frames.count <= 1_001, "more frames than time")
        precondition(roll.frames.allSatisfy { $0 == Set($0).sorted() }, "a frame that is not in order")
        let copy = try PianoRoll(MIDIFile(bytes: roll.midi().bytes(), name: "copy"), rate: .perBeat(roll.framesPerBeat))
        precondition(
            roll.framesPerBeat < 1 || roll.framesPerBeat > 60 || roll.frames.starts(with: copy.frames), "frames change")
    }
}
