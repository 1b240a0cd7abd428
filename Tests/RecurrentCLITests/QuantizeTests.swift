import RecurrentFormats
import RecurrentTensor
import Testing

extension ProgramTests {
    /// `recurrent quantize`, and `--weights`.
    @Suite struct QuantizeTests {
        @Test(arguments: [("float16", "F16"), ("bfloat16", "BF16"), ("int8", "I8")])
        func aForecasterIsStoredSmallerAndForecastsAsItIsToldBefore(_ format: String, _ dtype: String) throws {
            let place = try Trained.place.get()
            let run = try place.run(
                "quantize", "model", "--to", format, "--out", "small-\(format)", "--data", "sales.csv", "--json")
            #expect(run.code == 0, "\(run.talk)")
            let report = try run.json()
            let (before, after) = (
                report["file_bytes_before"]?.intValue ?? 0, report["file_bytes_after"]?.intValue ?? 0
            )
            #expect(after > 0 && after < before * 7 / 10)
            #expect(report["arithmetic"]?.stringValue == "float32")
            #expect(report["greatest_difference"]?.doubleValue ?? -1 > 0)
            #expect(report["mean_difference"]?.doubleValue ?? 9 <= report["greatest_difference"]?.doubleValue ?? 0)
            for part in ["before", "after"] { #expect(report[part]?["model"]?["mase"]?.doubleValue ?? -1 >= 0) }
            #expect(report["reduced_parameters"]?.arrayValue?.contains("members.0.lstm.weight_ih_l0") == true)
            #expect(report["kept_parameters"]?.arrayValue?.contains("members.0.head.weight") == true)

            let weights = try place.run("info", "small-\(format)/model.safetensors").output
            #expect(weights.contains("\(dtype)\t[") && weights.contains("members.0.lstm.weight_hh_l0"))
            #expect(weights.contains("F32\t") && weights.contains("members.0.head.weight"))
            #expect(try place.run("info", "small-\(format)", "--json").json()["weights"]?.stringValue == format)
            #expect(try place.run("info", "small-\(format)").output.contains("weights     \(format) in the recurrent"))

            // The folder forecasts what --weights said it would.
            let stored = try place.run("predict", "small-\(format)")
            let rounded = try place.run("predict", "model", "--weights", format)
            #expect(stored.code == 0 && stored.output == rounded.output)
            #expect(try place.run("predict", "model", "--weights", "float32").output != stored.output)
            let scores = try place.run("evaluate", "small-\(format)", "sales.csv", "--json").json()
            #expect(scores["scores"]?["model"] == report["after"]?["model"])
            #expect(scores["weights"]?.stringValue == format)
        }

        @Test func aPersonReadsSizesDifferencesAndScores() throws {
            let place = try Trained.place.get()
            let run = try place.run("quantize", "model", "--to", "int8", "--out", "shown", "--range", "least-squares")
            #expect(run.code == 0, "\(run.talk)")
            for text in ["bytes before", "in units of the data", "MASE", "before,", "storage is reduced, not the time"]
            {
                #expect(run.output.contains(text), "\(text)")
            }
            #expect(run.output.contains("on the data that the model holds"))
        }

        @Test func aNetworkIsReducedAndCompared() throws {
            let place = Workplace()
            place.write("state.safetensors", try InterchangeTests.stateDict())
            place.write("x.npy", NPYFile.bytes(Tensor((0..<24).map { Float($0) * 0.1 - 1 }, shape: [4, 2, 3])))
            place.write("wrong.npy", NPYFile.bytes(Tensor(zeros: [4, 2, 5])))
            _ = try place.run("import", "state.safetensors", "--out", "model")
            let run = try place.run("quantize", "model", "--to", "int8", "--out", "small", "--data", "x.npy", "--json")
            #expect(run.code == 0, "\(run.talk)")
            let report = try run.json()
            // Two layers of sums with weights up to 0.3 rounded to 1/254 of that.
            let difference = report["greatest_difference"]?.doubleValue ?? -1
            #expect(difference > 0 && difference < 0.01)
            #expect(report["reduced_parameters"] == ["gru.weight_ih_l0", "gru.weight_hh_l0"])
            #expect(try place.run("info", "small").output.contains("weights: int8"))
            #expect(try place.run("run", "small", "--input", "x.npy").code == 0)
            #expect(try place.run("export", "small", "back.safetensors", "--to", "pytorch").code == 0)
            let silent = try place.run("quantize", "model", "--to", "float16", "--out", "other")
            #expect(silent.code == 0 && silent.output.contains("not measured"))
            let wrong = try place.run("quantize", "model", "--to", "int8", "--out", "no", "--data", "wrong.npy")
            #expect(wrong.code == 3 && wrong.talk.contains("5 features"), "\(wrong.talk)")
            #expect(try place.contents()["no"] == nil && !FileSystem().exists(place("no")))
        }

        @Test(
            arguments: [
                (["quantize", "model", "--to", "int4", "--out", "x"], 2, "did you mean \"int8\"?"),
                (["quantize", "model", "--to", "float32", "--out", "x"], 2, "reduces nothing"),
                (["quantize", "model", "--to", "int8", "--out", "model"], 2, "exists already"),
                (["quantize", "nowhere", "--to", "int8", "--out", "x"], 4, "no such model folder"),
                (["quantize", "model", "--to", "float16", "--range", "maximum", "--out", "x"], 2, "only int8"),
                (
                    ["quantize", "model", "--to", "int8", "--range", "percentile:nan", "--out", "x"], 2,
                    "choice of range"
                ),
                (["quantize", "model", "--to", "int8", "--out", "x", "--data", "none.csv"], 6, "no such file"),
                (["quantize", "model", "--to", "int8", "--out", "x", "--from", "900"], 3, "no series can be scored"),
                (["quantize", "model", "--to", "int8", "--out", "x", "--from", "0"], 2, "at least one value"),
                (["quantize", "model", "--to", "int8", "--out", "x", "--stride", "0"], 2, "at least 1"),
                (["predict", "model", "--weights", "int7"], 2, "is no format of weights"),
                (["evaluate", "model", "sales.csv", "--weights", ""], 2, "is no format of weights"),
            ] as [([String], Int32, String)])
        func whatCannotBeDoneIsSaid(_ words: [String], _ code: Int32, _ text: String) throws {
            let place = try Trained.place.get()
            let run = try Program.run(words, in: place.path)
            #expect(run.code == code && run.talk.contains(text), "\(run.talk)")
            #expect(!FileSystem().exists(place("x")))
        }

        @Test func aReducedModelIsNotReducedAgain() throws {
            let place = try Trained.place.get()
            #expect(try place.run("quantize", "model", "--to", "int8", "--out", "once").code == 0)
            let again = try place.run("quantize", "once", "--to", "float16", "--out", "twice")
            #expect(again.code == 2 && again.talk.contains("are int8 already"), "\(again.talk)")
        }
    }
}
