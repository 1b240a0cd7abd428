#if CLI
    import RecurrentFormats
    import RecurrentTensor
    import RecurrentTraining

    extension RunFolder {
        /// The event file of this part of a run that learns to act.
        ///
        /// - Parameters:
        ///   - choices: every choice, whose plain values stand as hyper-parameters.
        ///   - steps: how many steps the whole run takes, and how many it has taken.
        ///   - metrics: the tags that judge the run.
        func eventLog(
            _ choices: JSON, steps: (total: Int, done: Int), metrics: [String]
        ) throws -> TensorBoardLog {
            let log = try TensorBoardLog(folder: events, steps: steps.total, after: steps.done)
            let values = (choices.objectValue ?? [:]).compactMap {
                name, value -> (name: String, value: Hyperparameter)? in
                if let truth = value.boolValue { return (name, .truth(truth)) }
                if let number = value.doubleValue { return (name, .number(number)) }
                return value.stringValue.map { (name, .text($0)) }
            }
            log.hyperparameters(values, metrics: metrics)
            log.text("command", "    " + Self.command)
            return log
        }
    }
#endif
