#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentSearch
    import RecurrentTensor

    extension ConformanceCommand {
        /// Searches on functions that everybody uses: each line of a list names algorithm, function, dimension and seed; the
        /// answer is a line with the evaluations until the target, or null.
        struct Searches: ParsableCommand {
            static let configuration = CommandConfiguration(commandName: "searches")

            @Argument var list: String

            func run() throws {
                for value in try JSONLinesFile(list).values {
                    let json = JSONCursor(value, source: list)
                    var search = try Self.search(json)
                    let target = try json["target"].double()
                    let most = try json["most"].int()
                    let name = try json["function"].string()
                    let function = try Self.function(name, json)
                    var evaluations = 0
                    var isThere = false
                    while !isThere, evaluations < most, search.stopReason == nil {
                        let members = search.ask()
                        let values = members.map(function)
                        search.tell(members, fitness: values.map { -$0 })
                        evaluations += members.count
                        isThere = (values.min() ?? .infinity) < target
                    }
                    try Console.show(JSON.object(["evaluations": isThere ? JSON(evaluations) : .null]).text())
                }
            }

            private static func search(_ json: JSONCursor) throws -> any EvolutionStrategy<[Double]> {
                let n = try json["dimension"].int(in: 1...1000)
                let start = [Double](repeating: try json["start"].double(), count: n)
                let deviation = try json["deviation"].double()
                let key = RandomKey(seed: UInt64(try json["seed"].int(in: 0...Int(Int32.max))))
                let size = try json["population"].ifPresent?.int()
                if try json["algorithm"].string() == CMAES.name {
                    var settings = CMAESSettings()
                    (settings.key, settings.populationSize) = (key, size)
                    return try CMAES(start: start, deviation: deviation, settings: settings)
                }
                var settings = VectorSearchSettings()
                (settings.key, settings.populationSize) = (key, size)
                settings.learningRate = try json["learning_rate"].ifPresent?.double()
                settings.deviationRate = try json["deviation_rate"].ifPresent?.double()
                return try json["algorithm"].string() == SNES.name
                    ? SNES(start: start, deviation: deviation, settings: settings)
                    : PGPE(start: start, deviation: deviation, settings: settings)
            }

            private static func function(
                _ name: String, _ json: JSONCursor
            ) throws -> @Sendable ([Double]) -> Double {
                switch name {
                case "sphere": return { $0.reduce(0) { $0 + $1 * $1 } }
                case "rosenbrock":
                    return { x in
                        zip(x, x.dropFirst()).reduce(0) { sum, pair in
                            let (a, b) = (pair.1 - pair.0 * pair.0, 1 - pair.0)
                            return sum + 100 * a * a + b * b
                        }
                    }
                case "rastrigin":
                    return { x in
                        x.reduce(0) { $0 + 10 + $1 * $1 - 10 * Double.cos(2 * Double.pi * $1) }
                    }
                default: throw json["function"].error("is not known")
                }
            }
        }
    }
#endif
