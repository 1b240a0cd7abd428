#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentTasks
    import RecurrentTensor

    /// The folder of a run: the model at the end, and `training/` with all that the run needs to go on.
    struct RunFolder {
        let path: String

        var training: String { path + "/training" }
        var events: String { training + "/events" }
        var metrics: String { training + "/metrics.jsonl" }
        var store: CheckpointStore { CheckpointStore(directory: training, keeping: 2) }

        /// Whether there is something of this name.
        var exists: Bool { FileSystem().kind(of: path) != nil }

        /// Keeps other runs out for as long as the answer lives: two would write over each other's checkpoints.
        ///
        /// - Throws: `usage` where another process is at work here.
        func enter() throws(RecurrentError) -> FileLock? {
            try FileSystem().makeFolder(training)
            let lock: FileLock?
            do throws(RecurrentError) {
                lock = try FileLock.take(training)
            } catch {
                // A file system that knows no locks is no reason not to train.
                return nil
            }
            guard let lock else {
                throw RecurrentError(
                    .usage, "another process trains in this folder", at: path,
                    help: "wait until it ends, stop it, or choose another --out")
            }
            return lock
        }

        /// Removes what a run wrote that never began, and the folder if nothing else is in it.
        func removeBeginning() {
            let system = FileSystem()
            // The failure that ended the run is what a person has to know, not what could not be removed after it.
            try? removeOldRun()
            for folder in [events, training, path] where (try? system.names(in: folder).isEmpty) ?? false {
                try? system.removeFlatFolder(folder)
            }
        }

        /// Removes the checkpoints of an earlier run; the model stays until the new one is whole.
        func removeOldRun() throws {
            let system = FileSystem()
            guard system.isFolder(training) else { return }
            // The description of the run goes first: without it there is no run, and what is left misleads nobody.
            try system.removeFile(training + "/" + TaskRun.fileName)
            let own: Set = [
                "data.csv", "data.json", "data.safetensors", "data.index", "data.tokens",
                "facts.json", "facts.index", "facts.tokens", "tokenizer.json", "target_tokenizer.json",
                "metrics.jsonl", "last", "best",
            ]
            for name in try system.names(in: training) {
                // What a person put here stays.
                guard own.contains(name) || name.hasPrefix("step-") || name.hasPrefix("tmp-") else { continue }
                let path = training + "/" + name
                if system.isFolder(path) { try system.removeFlatFolder(path) } else { try system.removeFile(path) }
            }
            guard system.isFolder(events) else { return }
            for name in try system.names(in: events) where name.hasPrefix(EventFileWriter.prefix) {
                try system.removeFile(events + "/" + name)
            }
        }

        /// The command that goes on with the run, as a shell takes it.
        var resumeLine: String {
            // A name with a dash in front would be taken for an option.
            "recurrent resume " + ShellWord.quoted(path.hasPrefix("-") ? "./" + path : path)
        }

        /// The command that was typed.
        static var command: String {
            (["recurrent"] + CommandLine.arguments.dropFirst().map(ShellWord.quoted)).joined(separator: " ")
        }
    }

    /// Words as a shell takes them.
    enum ShellWord {
        static func quoted(_ word: String) -> String {
            let isPlain =
                !word.isEmpty
                && word.unicodeScalars.allSatisfy {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "/._-+,:@%=".unicodeScalars.contains($0)
                }
            if isPlain { return word }
            return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
    }
#endif
