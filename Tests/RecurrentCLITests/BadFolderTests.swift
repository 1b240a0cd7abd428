import RecurrentFormats
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProgramTests {
    @Suite struct BadFolderTests {
        // MARK: - The folder to write

        @Test(arguments: ["forecast", "train forecast"])
        func aFolderThatExistsIsLeftAsItIs(_ command: String) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            mkdir(place("model"), 0o700)
            place.write("model/notes.txt", "mine")
            let before = try place.contents()
            let outcome = try Program.run(
                command.split(separator: " ").map(String.init) + ["sales.csv", "--out", "model"], in: place.path)
            #expect(outcome.code == 2)
            #expect(
                outcome.talk == """
                    Reading sales.csv …
                    recurrent: model: the folder exists already
                      help: --force replaces the model in it; other files stay

                    """)
            #expect(try place.contents() == before)
        }

        @Test func forceReplacesTheModelAndNothingElse() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let options = ["--horizon", "3", "--epochs", "1", "--no-backtest", "--quiet"]
            #expect(try Program.run(["forecast", "sales.csv", "--out", "model"] + options, in: place.path).code == 0)
            place.write("model/notes.txt", "mine")
            let before = try place.contents()
            let again = ["forecast", "sales.csv", "--out", "model", "--force", "--seed", "2"] + options
            #expect(try Program.run(again, in: place.path).code == 0)
            let after = try place.contents()
            #expect(Set(before.keys) == Set(after.keys))
            #expect(before["model/notes.txt"] == after["model/notes.txt"])
            for name in ["config.json", "model.safetensors", "forecast.csv"] {
                #expect(before["model/" + name] != after["model/" + name])
            }
            #expect(before["model/context.csv"] == after["model/context.csv"])
        }

        @Test func aBadTableTakesNothingFromAModelThatIsToBeReplaced() throws {
            let place = Workplace()
            place.write("bad.csv", Table.months(edit: [20: "2001-07-01,abc"]))
            try place.copy(try Trained.place.get()("model"), to: "model")
            let before = try place.contents()
            #expect(try place.run("forecast", "bad.csv", "--out", "model", "--force").code == 3)
            #expect(try place.contents() == before)
        }

        @Test func aFileWhereTheFolderIsToStandIsNotTouched() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let before = try place.contents()
            var outcome = try place.run("forecast", "sales.csv", "--out", "sales.csv", "--force", "--quiet")
            #expect(outcome.code == 2)
            #expect(
                outcome.talk == """
                    recurrent: sales.csv: this is a file; a folder is to be written here
                      help: choose another name

                    """)
            outcome = try place.run("forecast", "sales.csv", "--out", "sales.csv/model", "--quiet")
            #expect(outcome.code == 6)
            #expect(outcome.talk.hasPrefix("recurrent: sales.csv"))
            #expect(try place.contents() == before)
        }

        /// The file system /proc takes no folders, not even from the administrator.
        @Test(.enabled(if: access("/proc/self/stat", F_OK) == 0, "there is no /proc here"))
        func aPlaceThatCannotBeWrittenIsRefusedBeforeTheTraining() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let before = try place.contents()
            let outcome = try place.run("forecast", "sales.csv", "--out", "/proc/model", "--quiet")
            #expect(outcome.code == 6)
            #expect(outcome.talk.hasPrefix("recurrent: /proc/model: cannot"))
            #expect(!outcome.talk.contains("training"))
            #expect(try place.contents() == before)
        }

        // MARK: - Disks that are full

        /// A checkpoint takes three times the room of the model, and both have to fit: with room for two models the
        /// checkpoint fails, with room for three and a half the model.
        @Test(
            .enabled(if: SmallDisk.isPossible, "mounting a small file system is not permitted here"),
            arguments: [2, 3.5])
        func aFullDiskStopsTheRunAndWhatWasThereStays(_ models: Double) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            let size = try Trained.place.get().bytes("model/model.safetensors").count
            let disk = try #require(SmallDisk("disk", in: place, byteCount: 5 * size))
            let options = ["--horizon", "3", "--epochs", "1", "--no-backtest", "--quiet"]
            place.write("disk/notes.txt", "mine")
            disk.fill(to: Int(models * Double(size)))
            let before = try place.contents()
            let outcome = try Program.run(["forecast", "sales.csv", "--out", "disk/model"] + options, in: place.path)
            #expect(outcome.code == 6)
            #expect(
                outcome.talk.contains(
                    "cannot write: the disk is full\n  help: free some space, or choose another disk\n"))
            #expect(outcome.talk.hasPrefix("recurrent: disk/model/"))
            #expect(outcome.talk.hasPrefix("recurrent: disk/model/training/step-") == (models < 3))
            let after = try place.contents()
            for (name, hash) in before { #expect(after[name] == hash) }
            #expect(!after.keys.contains("disk/model/manifest.json"))
            // With room again, the run goes on to its end.
            disk.free()
            #expect(try place.run("resume", "disk/model", "--quiet").code == 0)
            #expect(try place.run("info", "disk/model").code == 0)
        }

        @Test(
            .enabled(if: access("/dev/full", F_OK) == 0, "there is no /dev/full here"),
            arguments: [["predict", "model"], ["info", "model"], ["info", "model", "--json"], ["--help"]])
        func resultsThatCannotBeWrittenAreNoSuccess(_ arguments: [String]) throws {
            let outcome = try Program.run(arguments, in: try Trained.place.get().path, output: .file("/dev/full"))
            #expect(outcome.code == 6)
            #expect(
                outcome.talk == """
                    recurrent: standard output: cannot write: no space left on device
                      help: free some space, or choose another disk

                    """)
        }

        // MARK: - Model folders

        enum Damage: String, CaseIterable {
            case missing, truncated, flipped
        }

        @Test(arguments: ["config.json", "model.safetensors", "context.csv"], Damage.allCases)
        func aDamagedModelIsNamed(_ name: String, _ damage: Damage) throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            try place.copy(try Trained.place.get()("model"), to: "model")
            var bytes = try place.bytes("model/" + name)
            let size = bytes.count
            switch damage {
            case .missing: unlink(place("model/" + name))
            case .truncated: place.write("model/" + name, Array(bytes[..<(size / 2)]))
            case .flipped:
                bytes[size / 2] ^= 4
                place.write("model/" + name, bytes)
            }
            let said =
                switch damage {
                case .missing: "is missing"
                case .truncated: "is truncated: \(size / 2) of \(size) bytes"
                case .flipped: "was altered: its hash differs"
                }
            let before = try place.contents()
            for arguments in [["predict", "model"], ["evaluate", "model", "sales.csv"], ["info", "model"]] {
                let outcome = try Program.run(arguments, in: place.path)
                #expect(outcome.code == 4)
                #expect(
                    outcome.talk == """
                        recurrent: model: the model folder is damaged: \(name) \(said)
                          help: take another copy of the folder, or train again

                        """)
                #expect(outcome.output == "")
            }
            #expect(try place.contents() == before)
        }

        @Test func aDamagedManifestIsNamed() throws {
            let place = Workplace()
            try place.copy(try Trained.place.get()("model"), to: "model")
            var bytes = try place.bytes("model/manifest.json")
            let half = bytes.count / 2
            bytes[half] ^= 1
            place.write("model/manifest.json", bytes)
            var outcome = try place.run("info", "model")
            #expect(outcome.code == 4)
            #expect(outcome.talk.hasPrefix("recurrent: model/manifest.json"))
            place.write("model/manifest.json", Array(bytes[..<half]))
            outcome = try place.run("info", "model")
            #expect(outcome.code == 4)
            #expect(outcome.talk.hasPrefix("recurrent: model/manifest.json:"))
            unlink(place("model/manifest.json"))
            unlink(place("model/training/session.json"))
            outcome = try place.run("predict", "model")
            #expect(outcome.code == 4)
            #expect(
                outcome.talk == """
                    recurrent: model: this is no model folder: manifest.json is missing
                      help: name a folder that this program wrote

                    """)
        }

        @Test func whereNoModelIsThatIsSaid() throws {
            let place = Workplace()
            place.write("sales.csv", Table.months())
            mkdir(place("empty"), 0o700)
            for command in ["predict", "info"] {
                let outcome = try place.run(command, "empty")
                #expect(outcome.code == 4)
                #expect(
                    outcome.talk == """
                        recurrent: empty: this is no model folder: manifest.json is missing
                          help: name a folder that this program wrote

                        """)
            }
            let outcome = try place.run("evaluate", "model", "sales.csv")
            #expect(outcome.code == 4)
            #expect(outcome.talk == "recurrent: model: there is no such model folder\n  help: check the path\n")
            for folder in ["empty", "missing", "sales.csv"] {
                let outcome = try place.run("resume", folder)
                #expect(outcome.code == 4)
                #expect(
                    outcome.talk == """
                        recurrent: \(folder)/training: there is no training to go on with
                          help: resume takes a folder that `train` or `forecast` began to write

                        """)
            }
            #expect(try place.run("info", "missing").code == 6)
        }

        @Test func checkpointsThatAreDamagedAreNamedAndPassedOver() throws {
            let place = Workplace()
            try place.copy(try Trained.place.get()("model"), to: "model")
            let steps = try FileSystem().names(in: place("model/training")).filter { $0.hasPrefix("step-") }
            let step = try #require(steps.first)
            var bytes = try place.bytes("model/training/\(step)/3.model.safetensors")
            bytes[bytes.count / 2] ^= 16
            place.write("model/training/\(step)/3.model.safetensors", bytes)
            let outcome = try place.run("resume", "model")
            #expect(outcome.code == 4)
            #expect(
                outcome.talk == """
                    recurrent: model/training: no checkpoint can be loaded
                      why:  \(step) is damaged: 3.model.safetensors was altered: its hash differs
                      help: take a copy of the folder, or start the training anew

                    """)
            // The model beside it is whole.
            #expect(try place.run("info", "model").code == 0)
        }

        // MARK: - Data that do not fit the model

        @Test func dataOfAnotherFrequencyAreRefused() throws {
            let place = Workplace()
            try place.copy(try Trained.place.get()("model"), to: "model")
            place.write("days.csv", Table.days(60))
            place.write("years.csv", Table.years(30))
            for command in ["evaluate", "predict"] {
                var outcome = try place.run(command, "model", "days.csv")
                #expect(outcome.code == 3)
                #expect(
                    outcome.talk == """
                        recurrent: days.csv: the data are of a finer frequency than the model, which was trained on monthly data
                          why:  57 of 60 rows fall into a period that has one already
                          help: give data that are monthly, or train a model for these

                        """)
                outcome = try place.run(command, "model", "years.csv")
                #expect(outcome.code == 3)
                #expect(
                    outcome.talk == """
                        recurrent: years.csv: the data have a value in only one of 12 periods; the model was trained on monthly data
                          help: train a model for these data, or give them in the same frequency

                        """)
            }
        }

        @Test(arguments: ["39", "9223372036854775807", "0"])
        func anOriginOutsideTheDataIsRefused(_ first: String) throws {
            let place = try Trained.place.get()
            let outcome = try place.run("evaluate", "model", "sales.csv", "--from", first)
            #expect(outcome.code == 3)
            #expect(
                outcome.talk
                    == "recurrent: sales.csv: series 'sales' has 40 values; a forecast of 3 from value \(first) on "
                    + "cannot be compared with them\n")
        }

        @Test func anyFileIsNoWeightFile() throws {
            let place = try Trained.place.get()
            let outcome = try place.run("info", "sales.csv")
            #expect(outcome.code == 4)
            #expect(outcome.talk.hasPrefix("recurrent: sales.csv: no valid safetensors file"))
        }
    }
}

/// A file system of a given size in memory.
final class SmallDisk {
    /// Kept, since its folder cannot be removed as long as the disk is in it.
    private let place: Workplace
    private let path: String

    /// Nil where mounting is not permitted.
    init?(_ name: String, in place: Workplace, byteCount: Int) {
        self.place = place
        path = place(name)
        mkdir(path, 0o700)
        #if os(Linux)
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0 else { return nil }
        #else
            return nil
        #endif
    }

    /// Leaves no more than this many bytes free.
    func fill(to free: Int) {
        var status = statvfs()
        guard statvfs(path, &status) == 0, let file = fopen(path + "/filler", "w") else { return }
        let size = max(0, Int(status.f_bavail) * Int(status.f_bsize) - free)
        let bytes = [UInt8](repeating: 0, count: size)
        bytes.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
    }

    /// Makes room.
    func free() {
        unlink(path + "/filler")
        #if os(Linux)
            mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=64m")
        #endif
    }

    deinit {
        #if os(Linux)
            umount2(path, Int32(MNT_DETACH))
        #endif
    }

    static let isPossible = SmallDisk("disk", in: Workplace(), byteCount: 1 << 16) != nil
}
