#if CLI
    import Recurrent
    import RecurrentAutodiff
    import RecurrentFormats
    import RecurrentNN
    import RecurrentTasks
    import RecurrentTensor
    import RecurrentTraining

    /// How a training of a study learns, whatever the task: the same rule for all, without a schedule.
    struct TrialSettings: Sendable, Hashable {
        /// The step size and, of gradient descent, the momentum; nil asks for Adam.
        var learningRate: Double
        var momentum: Double?
        var epochs: Int
        var patience: Int
        /// The limit of the gradient's norm; 0: none.
        var clip = 0.0
        var seed: UInt64 = 0
    }

    /// A task as a study trains it: one network, a constant step size, an end by patience, the best epoch kept.
    struct StudiedTask<Base: TrainingTask>: TrainingTask {
        static var name: String { "study" }
        let base: Base
        let settings: TrialSettings

        init(_ base: Base, _ settings: TrialSettings) { (self.base, self.settings) = (base, settings) }

        var seed: UInt64 { settings.seed }
        var summary: [String] { base.summary }
        var notes: [String] { base.notes }
        var hyperparameters: [(name: String, value: Hyperparameter)] { base.hyperparameters }
        var metricName: String? { base.metricName }
        /// A session of a study is made from the study's own files, never from a folder of its own.
        var json: JSON { .null }
        func write(into folder: String) throws {}
        init(_ json: JSONCursor, folder: String) throws {
            throw json.error("a training of a study is taken up by its study", help: "recurrent resume goes on with it")
        }

        func network(_ key: RandomKey) throws -> Base.Network { try base.network(key, member: 0) }

        func optimizer() -> any Optimizer {
            guard let momentum = settings.momentum else { return Adam(learningRate: settings.learningRate) }
            return SGD.steady(learningRate: settings.learningRate, momentum: momentum)
        }

        func plan() -> TrainingPlan {
            var plan = base.plan()
            (plan.epochs, plan.maximumSteps, plan.schedule) = (settings.epochs, nil, .constant)
            (plan.plateau, plan.averaging, plan.keepsBest) = (nil, nil, true)
            // A run that is never to end early has as much patience as epochs.
            plan.patience = settings.patience > 0 ? settings.patience : nil
            plan.clipNorm = settings.clip > 0 ? settings.clip : nil
            return plan
        }

        func source(_ key: RandomKey) throws -> Base.Source { try base.source(key, member: 0) }
        func loss(_ network: Base.Network, _ batch: Base.Source.Batch, _ state: inout [Variable]) throws -> Variable {
            try base.loss(network, batch, &state)
        }
        func validate(_ network: Base.Network) throws -> Double? { try base.validate(network, member: 0) }
        func model(_ networks: [Base.Network]) throws -> Base.Model { try base.model(networks) }
    }

    /// The recipe of a prepared task with what a study sets.
    enum StudyRecipe {
        /// The key of the noise that is added to the input while the network learns, where the task knows such.
        static func noiseKey(_ choices: JSON) -> String? {
            ["input_noise", "jitter"].first { choices["recipe"]?[$0] != nil }
        }

        /// What cannot be set of a task's recipe; nil where all can.
        static func problem(_ choices: JSON) -> String? {
            guard let recipe = choices["recipe"] else { return "it has no recipe" }
            return ["cell", "hidden_size"].first { recipe[$0] == nil }.map { "its recipe has no '\($0)'" }
        }

        /// The choices for a training.
        ///
        /// - Parameter isPlain: whether dropout and other helps are taken away, so that the cells themselves are compared.
        static func choices(
            _ choices: JSON, cell: String, hidden: Int, noise: Double?, isPlain: Bool
        ) -> JSON {
            var recipe = choices["recipe"] ?? .null
            recipe["cell"] = .string(cell)
            recipe["hidden_size"] = JSON(hidden)
            if recipe["members"] != nil { recipe["members"] = 1 }
            if isPlain {
                for key in recipe.objectValue?.keys ?? [] where isHelp(key) { recipe[key] = 0 }
                // Tied weights would hold the last layer to the size of the embedding.
                if recipe["tied"] != nil { recipe["tied"] = false }
            }
            if let noise, let key = noiseKey(choices) { recipe[key] = JSON(noise) }
            var changed = choices
            changed["recipe"] = recipe
            return changed
        }

        private static func isHelp(_ key: String) -> Bool {
            let others = [
                "dropout", "label_smoothing", "weight_decay", "average_decay", "activation_regularization",
                "temporal_regularization", "jitter", "input_noise", "scaling", "warping", "transposition",
            ]
            return key.hasSuffix("_dropout") || others.contains(key)
        }
    }
#endif
