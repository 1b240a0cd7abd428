#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTensor

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Runs an ONNX model.
    struct RunCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Run an ONNX model or a network on arrays, and compare what comes out.",
            discussion: """
                Inputs and expected outputs are NPY files, or ONNX tensors (.pb). They belong to the model's inputs and outputs \
                in order, or by name:

                  recurrent run model.onnx --input x.npy --input lengths=l.npy --out answers/
                  recurrent run model.onnx --input x.npy --expect y.npy --rtol 1e-5
                  recurrent run model/ --input x.npy --input lengths=l.npy

                With --cases each argument is a folder of a model.onnx and test_data_set_0, test_data_set_1, … as the tests of \
                ONNX are stored; every one is run and judged.
                """)

        @Argument(help: "The model; with --cases, the folders of the cases.")
        var model: [String]

        @Option(help: ArgumentHelp("An input; repeatable.", valueName: "[name=]file"))
        var input: [String] = []

        @Option(help: ArgumentHelp("An expected output; repeatable.", valueName: "[name=]file"))
        var expect: [String] = []

        @Option(help: ArgumentHelp("The relative tolerance of --expect. Default: 1e-3.", valueName: "number"))
        var rtol: Double?

        @Option(help: ArgumentHelp("The absolute tolerance of --expect. Default: 1e-7.", valueName: "number"))
        var atol: Double?

        @Option(help: ArgumentHelp("Write the outputs into this folder, as NPY files by name.", valueName: "folder"))
        var out: String?

        @Flag(help: "Let the model keep tensors in files of its own folder.")
        var externalData = false

        @Flag(help: "Run folders of test cases.")
        var cases = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            for (name, value) in [("--rtol", rtol), ("--atol", atol)] {
                if let value, !(value >= 0) {
                    throw RecurrentError(.usage, "a tolerance is \(value); it must be at least 0", at: name)
                }
            }
            if cases { return try runCases() }
            guard model.count == 1 else {
                throw RecurrentError(
                    .usage, "one model is needed, not \(model.count)",
                    help: "give arrays by --input, or --cases before folders of test cases")
            }
            try runModel(model[0])
        }

        // MARK: - One model

        private func runModel(_ path: String) throws {
            let runner = try RunnableModel(path, externalData: externalData)
            let wanted = runner.inputs
            var values: [String: ONNXValue] = [:]
            for (name, file) in try named(input, wanted.map(\.name), "--input") {
                let type = wanted.first { $0.name == name }?.type ?? .unknown
                guard values.updateValue(try ModelCase.value(file, type), forKey: name) == nil else {
                    throw RecurrentError(.usage, "the input \(name) is given twice", at: "--input")
                }
            }
            let outputs = try runner.run(values)
            var expected: [(String, String)] = []
            for (name, file) in try named(expect, runner.outputNames, "--expect") { expected.append((name, file)) }
            try write(outputs, runner.outputNames)
            var differences: [String] = []
            for (name, file) in expected {
                guard let index = runner.outputNames.firstIndex(of: name) else {
                    throw RecurrentError(
                        .usage, "the model has no output \(name)", at: "--expect",
                        help: Spelling.help(for: name, in: runner.outputNames))
                }
                let value = try ModelCase.value(file, runner.outputs[index].type)
                let difference = value.difference(
                    to: outputs[index], relative: rtol ?? 1e-3, absolute: atol ?? 1e-7)
                if let difference { differences.append("\(name): \(difference)") }
            }
            if talk.json {
                let object: JSON = [
                    "model": .string(path), "compared": JSON(expected.count),
                    "differences": .array(differences.map { .string($0) }),
                    "outputs": .array(zip(runner.outputNames, outputs).map { ModelCase.json($0, $1) }),
                ]
                try Console.show(object.text())
            } else {
                for (name, value) in zip(runner.outputNames, outputs) {
                    try Console.show(SafeText.terminal("\(name): \(ModelCase.text(value))"))
                }
                if !expected.isEmpty, differences.isEmpty {
                    talk.talk("\(expected.count) of \(outputs.count) outputs compared, as expected")
                }
            }
            if !differences.isEmpty {
                throw RecurrentError(
                    .failure, "the outputs are not as expected", at: path,
                    why: differences.map { SafeText.terminal($0) }.joined(separator: "\n        "))
            }
        }

        /// Names and files, in order or by `name=file`.
        private func named(_ options: [String], _ names: [String], _ option: String) throws -> [(String, String)] {
            try options.enumerated().map { index, text in
                if let name = names.first(where: { text.hasPrefix($0 + "=") }) {
                    return (name, String(text.dropFirst(name.count + 1)))
                }
                if let end = text.firstIndex(of: "="), !FileSystem().exists(text) {
                    let name = String(text[..<end])
                    throw RecurrentError(
                        .usage, "the model has no \(option == "--input" ? "input" : "output") '\(name)'", at: option,
                        help: Spelling.help(for: name, in: names))
                }
                guard index < names.count else {
                    throw RecurrentError(
                        .usage, "\(options.count) files are given for \(names.count) of the model", at: option,
                        help: names.isEmpty ? nil : "they are: " + names.joined(separator: ", "))
                }
                return (names[index], text)
            }
        }

        private func write(_ outputs: [ONNXValue], _ names: [String]) throws {
            guard let out else { return }
            let system = FileSystem()
            try system.makeFolder(out)
            for (index, value) in outputs.enumerated() {
                guard case .array(let array) = value else { continue }
                // A name from a file must not lead out of the folder.
                let name = PathName.isPlain(names[index]) ? names[index] : "output_\(index)"
                if let tensor = array.tensor {
                    try NPYFile.write(tensor, to: PathName.join(out, name + ".npy"))
                } else {
                    try system.write(array.onnxTensor(name: names[index]).bytes(), to: PathName.join(out, name + ".pb"))
                }
            }
        }

        // MARK: - Many cases

        private func runCases() throws {
            var counts: [ModelCase.Verdict: Int] = [:]
            for folder in model {
                if talk.json {
                    // Who reads this knows which case was running if the program ends here.
                    let start: JSON = ["begins": .string(folder)]
                    try Console.show(start.text())
                }
                let (verdict, text) = ModelCase(folder: folder, relative: rtol, absolute: atol).judge()
                counts[verdict, default: 0] += 1
                if talk.json {
                    let object: JSON = [
                        "case": .string(folder), "verdict": .string(verdict.rawValue),
                        "text": text.map { .string($0) } ?? .null,
                    ]
                    try Console.show(object.text())
                } else if verdict != .passed {
                    try Console.show(
                        "\(verdict.rawValue): \(SafeText.terminal(folder)): \(SafeText.terminal(text ?? ""))")
                }
            }
            if !talk.json {
                let parts = ModelCase.Verdict.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }
                try Console.show(parts.joined(separator: ", "))
            }
            if counts[.wrong] ?? 0 > 0 || counts[.failed] ?? 0 > 0 {
                throw RecurrentError(.failure, "not all cases pass")
            }
        }
    }

    /// A folder of a model with inputs and the outputs that must come.
    struct ModelCase {
        enum Verdict: String, CaseIterable {
            case passed
            /// Within four units in the last place of floats of 16 bits, though not within the tolerances.
            case close
            case refused, wrong, failed
        }

        let folder: String
        let relative: Double?
        let absolute: Double?

        func judge() -> (Verdict, String?) {
            do {
                let runner = try ONNXRunner(
                    ONNXModel(reading: PathName.join(folder, "model.onnx"), externalData: true), source: "model")
                var (number, isClose) = (0, false)
                while FileSystem().isFolder(PathName.join(folder, "test_data_set_\(number)")) {
                    let data = PathName.join(folder, "test_data_set_\(number)")
                    number += 1
                    let outputs = try answers(runner, data)
                    guard let difference = try compare(runner, outputs, data, lastPlaces: 0) else { continue }
                    isClose = true
                    if try compare(runner, outputs, data, lastPlaces: 4) != nil { return (.wrong, difference) }
                }
                guard number > 0 else { return (.failed, "there is no test_data_set_0") }
                return (isClose ? .close : .passed, nil)
            } catch let error as RecurrentError {
                // What is known and left out says so; everything else should not happen on a sound file.
                let isRefusal = error.what.contains("not supported") || error.why?.contains("not supported") == true
                return (isRefusal ? .refused : .failed, error.description)
            } catch {
                return (.failed, "\(error)")
            }
        }

        private func answers(_ runner: ONNXRunner, _ data: String) throws -> [ONNXValue] {
            var values: [String: ONNXValue] = [:]
            for (index, info) in runner.inputs.enumerated() {
                let file = PathName.join(data, "input_\(index).pb")
                guard FileSystem().exists(file) else { continue }
                values[info.name] = try ModelCase.value(file, info.type)
            }
            return try runner.run(values)
        }

        private func compare(
            _ runner: ONNXRunner, _ outputs: [ONNXValue], _ data: String, lastPlaces: Int
        ) throws -> String? {
            for (index, found) in outputs.enumerated() {
                let file = PathName.join(data, "output_\(index).pb")
                guard FileSystem().exists(file) else { continue }
                let expected = try ModelCase.value(file, runner.outputs[index].type)
                let tolerances = try tolerances()
                let difference = expected.difference(
                    to: found, relative: tolerances.relative, absolute: tolerances.absolute, lastPlaces: lastPlaces)
                if let difference { return "\(runner.outputNames[index]): \(difference)" }
            }
            return nil
        }

        /// Those that were given, or those of the case, or the suite's.
        private func tolerances() throws -> (relative: Double, absolute: Double) {
            let file = PathName.join(folder, "tolerances.json")
            var own: JSON = .null
            if FileSystem().exists(file) { own = try JSON(parsing: FileSystem().read(file), from: file) }
            return (
                relative ?? own["rtol"]?.doubleValue ?? 1e-3, absolute ?? own["atol"]?.doubleValue ?? 1e-7
            )
        }

        // MARK: - Values and files

        /// What an NPY file holds, or a file of a tensor, a sequence or an optional value.
        static func value(_ path: String, _ type: ONNXType) throws -> ONNXValue {
            if path.hasSuffix(".pb") {
                return try ONNXValue(
                    parsing: FileSystem().read(path, maximumBytes: ONNXModel.maximumBytes), as: type,
                    source: SafeText.terminal(path))
            }
            return .array(ONNXArray(try NPYFile.read(path)))
        }

        static func text(_ value: ONNXValue) -> String {
            switch value {
            case .array(let array):
                let numbers = array.count <= 4096 ? array.doubles() : []
                let shown = numbers.prefix(8).map { NumberText.compact($0) }.joined(separator: ", ")
                return "\(array.elementType.name) \(array.shape)"
                    + (numbers.isEmpty ? "" : " [\(shown)\(numbers.count > 8 ? ", …" : "")]")
            case .sequence(let values): return "a sequence of \(values.count)"
            case .nothing: return "nothing"
            }
        }

        static func json(_ name: String, _ value: ONNXValue) -> JSON {
            guard case .array(let array) = value else { return ["name": .string(name), "kind": .string(text(value))] }
            let numbers = array.count <= 1024 ? array.doubles() : []
            return [
                "name": .string(name), "type": .string(array.elementType.name), "shape": JSON(array.shape),
                "values": array.count <= 1024 ? .array(numbers.map { $0.isFinite ? .number($0) : .null }) : .null,
            ]
        }
    }
#endif
