#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentData
    import RecurrentFormats
    import RecurrentTensor

    /// Scores corpora: each line of a list has translations, for each of them its references, and the options of a metric;
    /// each line on standard output the score and its signature.
    struct ScoredTranslations: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "translation")

        @Argument var list: String

        func run() throws {
            for value in try JSONLinesFile(list).values {
                let json = JSONCursor(value, source: list)
                let translations = try json["translations"].strings()
                var references: [[String]] = []
                for sentence in try json["references"].elements() { references.append(try sentence.strings()) }
                let ignoresCase = try json["lowercase"].bool()
                if json["characters"].exists {
                    let metric = ChrF(
                        characterOrder: try json["characters"].int(in: 1...6),
                        wordOrder: try json["words"].int(in: 0...2),
                        beta: try json["beta"].int(in: 1...10), ignoresCase: ignoresCase)
                    print(JSON.object(["score": JSON(metric(translations, references: references))]).text())
                    continue
                }
                var metric = BLEU(ignoresCase: ignoresCase, usesEffectiveOrder: try json["effective"].bool())
                metric.tokenization = try json["tokenize"].choice()
                let amount = try json["amount"].double()
                switch try json["smooth"].string() {
                case "floor": metric.smoothing = .floor(amount)
                case "add-k": metric.smoothing = .addK(amount)
                case "none": metric.smoothing = .none
                default: metric.smoothing = .exponential
                }
                let score = metric(translations, references: references)
                let line: JSONObject = [
                    "score": JSON(score.score), "precisions": JSON(score.precisions), "bp": JSON(score.brevityPenalty),
                    "lengths": JSON([score.counts.length, score.counts.referenceLength]),
                    "signature": JSON(score.signature),
                ]
                print(JSON.object(line).text())
            }
        }
    }
#endif
