import RecurrentFormats
import RecurrentTestSupport
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A number that several tests count up.
final class Counter: Sendable {
    private let value = Atomic(0)
    func add(_ step: Int) -> Int { value.add(step, ordering: .relaxed).newValue }
}

let counter = Counter()

/// A path in a folder of this test process.
func scratch(_ name: String) -> String { scratchFolder.path + "/" + name }

private let scratchFolder: Workplace = {
    atexit { scratchFolder.remove() }
    return Workplace()
}()

/// A folder to work in, removed with all that is in it when the test ends.
final class Workplace: Sendable {
    let path: String

    init() {
        path = temporaryFolder()
    }

    deinit { remove() }

    func remove() { Workplace.remove(path) }

    /// Removes a file or a folder of this folder, if it is there.
    func remove(_ name: String) { Workplace.remove(self(name)) }

    /// Runs the program in this folder.
    func run(
        _ arguments: String..., input: Program.Stream = .usual, output: Program.Stream = .usual,
        environment: [String: String] = [:]
    ) throws -> Program.Outcome {
        try Program.run(arguments, in: path, input: input, output: output, environment: environment)
    }

    /// Runs the program in this folder, sends it signals once it has said `text` and some more seconds have gone, and waits
    /// for its end. A busy machine may let the run come to its own end before the signal does: then `folder`, which it
    /// writes, is removed, and it begins anew.
    func stop(
        _ arguments: [String], writing folder: String, after text: String, seconds: Double = 0,
        with signals: [Int32] = [SIGINT]
    ) throws -> Program.Outcome {
        for _ in 0..<50 {
            let program = try Program(arguments, in: path)
            program.waitForTalk(text)
            usleep(UInt32(seconds * 1e6))
            for signal in signals {
                program.send(signal)
                usleep(500)
            }
            let outcome = try program.wait()
            if outcome.code != 0 { return outcome }
            remove(folder)
        }
        throw Program.Failure(text: "fifty runs came to their end before a signal did")
    }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func write(_ name: String, _ text: String) { write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) {
        guard let file = fopen(self(name), "w") else { return }
        bytes.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
    }

    func bytes(_ name: String) throws -> [UInt8] { try FileSystem().read(self(name), maximumBytes: 1 << 26) }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// Copies a folder of files and folders.
    func copy(_ source: String, to name: String) throws {
        mkdir(self(name), 0o700)
        for entry in try FileSystem().names(in: source) {
            let from = source + "/" + entry
            if FileSystem().isFolder(from) {
                try copy(from, to: name + "/" + entry)
            } else {
                write(name + "/" + entry, try FileSystem().read(from, maximumBytes: 1 << 26))
            }
        }
    }

    /// Every file with its hash, and every folder: equal before and after where nothing was written and nothing lost.
    func contents(_ name: String = "") throws -> [String: String] {
        var all: [String: String] = [:]
        for entry in try FileSystem().names(in: self(name)) {
            let inside = name.isEmpty ? entry : name + "/" + entry
            if FileSystem().isFolder(self(inside)) {
                all[inside] = "folder"
                all.merge(try contents(inside)) { $1 }
            } else {
                all[inside] = SHA256.hash(try bytes(inside))
            }
        }
        return all
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in (try? FileSystem().names(in: path)) ?? [] { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

/// Small tables.
enum Table {
    /// Forty months of sales with a yearly season; `last` gives another number of rows, `edit` changes a line.
    static func months(_ count: Int = 40, column: String = "sales", edit: [Int: String] = [:]) -> String {
        let season = [100.0, 105.2, 109.1, 110.4, 109.0, 105.1, 100.2, 95.3, 91.1, 90.2, 91.3, 95.4]
        var lines = ["month,\(column)"]
        for index in 0..<count {
            let month = index % 12 + 1
            let value = season[index % 12] + 0.3 * Double(index)
            lines.append("\(2000 + index / 12)-\(month < 10 ? "0" : "")\(month)-01,\((value * 100).rounded() / 100)")
        }
        for (line, text) in edit { lines[line - 1] = text }
        return lines.joined(separator: "\n") + "\n"
    }

    static func days(_ count: Int) -> String {
        var text = "day,sales\n"
        for index in 0..<count {
            let day = index % 28 + 1
            text += "2001-0\(index / 28 + 1)-\(day < 10 ? "0" : "")\(day),\(index % 7)\n"
        }
        return text
    }

    static func years(_ count: Int) -> String {
        "year,sales\n" + (0..<count).map { "\(1950 + $0),\($0 % 11)\n" }.joined()
    }
}

/// A model that all tests share, made once: a folder with the table `sales.csv` and the model `model`, with its forecast.
enum Trained {
    static let place: Result<Workplace, any Error> = Result {
        let place = Workplace()
        atexit { try? Trained.place.get().remove() }
        place.write("sales.csv", Table.months())
        let outcome = try place.run(
            "forecast", "sales.csv", "--horizon", "3", "--epochs", "2", "--out", "model", "--quiet")
        guard outcome.code == 0 else { throw Program.Failure(text: outcome.talk) }
        return place
    }
}
