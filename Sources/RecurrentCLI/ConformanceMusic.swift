#if CLI
    import ArgumentParser
    import RecurrentData
    import RecurrentFormats
    import RecurrentTensor

    /// Reads MIDI files: each line of a list holds a file and where to write it again, or null.
    struct ReadMIDI: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "midi")

        @Argument var list: String
        @Argument var file: String

        func run() throws {
            let lines = try JSONLinesFile(list).values.map { value -> JSON in
                let json = JSONCursor(value, source: list)
                do {
                    let file = try MIDIFile(path: try json["file"].string())
                    if let copy = try json["copy"].ifPresent?.string() { try file.write(to: copy) }
                    return Self.described(file)
                } catch let error as RecurrentError where error.category == .badData {
                    return ["error": .string(error.what)]
                }
            }
            try FileSystem().write(lines.map { $0.text() + "\n" }.joined(), to: file)
        }

        private static func described(_ file: MIDIFile) -> JSON {
            let tracks = file.tracks.map { track -> JSON in
                .array(
                    track.notes.map { note in
                        [
                            JSON(note.start), JSON(note.end), JSON(Int(note.pitch)), JSON(Int(note.velocity)),
                            JSON(Int(note.channel)), JSON(Int(note.program)), JSON(file.seconds(at: note.start)),
                            JSON(file.seconds(at: note.end)),
                        ]
                    })
            }
            return [
                "tracks": .array(tracks), "names": JSON(file.tracks.map(\.name)),
                "tempi": .array(file.tempi.map { JSON([$0.tick, $0.microsecondsPerBeat]) }),
                "signatures": .array(file.timeSignatures.map { JSON([$0.tick, $0.beats, $0.unit]) }),
                "hanging": JSON(file.repairs.hangingNotes), "empty": JSON(file.repairs.emptyNotes),
                "end": JSON(file.endTick),
            ]
        }
    }
#endif
