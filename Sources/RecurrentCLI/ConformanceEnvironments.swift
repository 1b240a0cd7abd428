#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentFormats
    import RecurrentSearch
    import RecurrentTensor

    extension ConformanceCommand {
        /// Acts in environments: each line of a list names one, a seed, actions, and the state to begin in where it can be put there.
        struct ActInEnvironments: ParsableCommand {
            static let configuration = CommandConfiguration(commandName: "environments")

            @Argument var list: String
            @Argument var output: String

            func run() throws {
                let writer = try JSONLinesWriter(output)
                for value in try JSONLinesFile(list).values {
                    let json = JSONCursor(value, source: list, category: .badData)
                    try writer.append(try trace(json))
                }
            }

            private func trace(_ json: JSONCursor) throws -> JSON {
                var world = try EnvironmentSource(try json["environment"].string()).environment()
                var seen = try world.reset(seed: UInt64(try json["seed"].int(in: 0...Int.max)))
                if let start = try json["start"].ifPresent?.doubles() {
                    guard var placed = world as? any PlacedEnvironment, placed.place.count == start.count else {
                        throw json["start"].error("this environment has no such state")
                    }
                    placed.place = start
                    world = placed
                }
                var steps: [JSON] = []
                let first = JSON(seen)
                for action in try json["actions"].elements() {
                    let transition = try world.step(try action.doubles(), into: &seen)
                    steps.append([
                        "observation": JSON(seen), "reward": JSON(transition.reward),
                        "terminated": JSON(transition.isTerminated), "truncated": JSON(transition.isTruncated),
                        "state": (world as? any PlacedEnvironment).map { JSON($0.place) } ?? .null,
                    ])
                }
                return ["first": first, "steps": .array(steps)]
            }
        }
    }
#endif
