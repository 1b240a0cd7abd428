package import RecurrentAutodiff
public import RecurrentNN
package import RecurrentTensor

/// An actor and a critic that remember: recurrent layers, shared or one for each, then for each a tanh layer where one is asked
/// for and a linear map to the scores of actions and to the value.
///
/// - Initialisation: the last map of the actor is a hundredth of the usual size, so that all actions begin alike.
public struct PolicyNetwork: Module {
    /// What the network says.
    package struct Answer {
        /// The scores of actions, [T, B, A].
        package var scores: Variable
        /// ln of the deviations, [A] or [T, B, A]; for numbers alone.
        package var logDeviation: Variable?
        /// What the actor knows, [T, B, F].
        package var features: Variable
        /// The values, [T, B].
        package var values: Variable
    }

    private var actor: RecurrentStack
    /// nil where the critic shares the actor's layers.
    private var critic: RecurrentStack?
    private var actorHead: Linear?
    private var criticHead: Linear?
    private var action: Linear
    private var value: Linear
    /// ln of the deviations: [A], or [F, A] with exploration by state.
    private var deviation: Parameter?
    private let explores: PolicyRecipe.Exploration

    /// A network at its beginning.
    ///
    /// - Throws: `usage` where a cell does not fit its size.
    package init(
        _ recipe: PolicyRecipe, observationSize: Int, actions: ActionDistribution, key: RandomKey
    ) throws(RecurrentError) {
        func stack(_ cell: String, _ stream: UInt64) throws(RecurrentError) -> RecurrentStack {
            var layers: [any RecurrentLayer] = []
            for index in 0..<recipe.layers {
                let layer = try CellCatalog.layer(
                    named: cell, inputSize: layers.last?.outputSize ?? observationSize,
                    hiddenSize: recipe.hiddenSize, key: key.substream(stream).substream(UInt64(index)))
                layers.append(
                    try Self.remembering(
                        layer, recipe.longestLag, key: key.substream(stream).substream(UInt64(index))))
            }
            return try RecurrentStack(layers)
        }
        actor = try stack(recipe.cell, 0)
        critic = recipe.sharesLayers ? nil : try stack(recipe.criticCell, 1)
        let (seen, judged) = (actor.outputSize, critic?.outputSize ?? actor.outputSize)
        let head = recipe.headSize
        actorHead = head > 0 ? Linear(inputSize: seen, outputSize: head, key: key.substream(2)) : nil
        criticHead = head > 0 ? Linear(inputSize: judged, outputSize: head, key: key.substream(3)) : nil
        let features = head > 0 ? head : seen
        action = Linear(inputSize: features, outputSize: actions.size, key: key.substream(4))
        action.weight.value = action.weight.value * 0.01
        value = Linear(inputSize: head > 0 ? head : judged, outputSize: 1, key: key.substream(5))
        explores = recipe.exploration
        if actions.isContinuous {
            let byState = explores == .state
            // A sum over the features has the deviation that is asked for where each is about one in size.
            let log = recipe.logDeviation - (byState ? 0.5 * Double.log(Double(features)) : 0)
            deviation = Parameter(
                Tensor(filled: log, shape: byState ? [features, actions.size] : [actions.size], of: .float32))
        }
    }

    /// The layer with memories of all lengths from the beginning, where it is one of an LSTM.
    private static func remembering(
        _ layer: any RecurrentLayer, _ longestLag: Int, key: RandomKey
    ) throws(RecurrentError) -> any RecurrentLayer {
        guard longestLag > 0 else { return layer }
        guard longestLag > 2, let cell = (layer as? LSTMLayer)?.cell else {
            throw RecurrentError(
                .usage, "memories of \(longestLag) steps cannot be laid into these layers",
                help: "choose a cell of the LSTM family and 3 steps or more")
        }
        var description = cell.description
        description.forgetBias = .chrono(longestLag: longestLag)
        return LSTMLayer(
            try LSTMCell(inputSize: cell.inputSize, hiddenSize: cell.hiddenSize, description, key: key))
    }

    /// How many numbers a network has, told before any memory is taken for it; infinity where that cannot be told.
    package static func parameterCount(
        _ recipe: PolicyRecipe, observationSize: Int, actions: ActionDistribution
    ) -> Double {
        func stack(_ cell: String) -> (count: Double, output: Int) {
            var (count, size) = (0.0, observationSize)
            for _ in 0..<recipe.layers {
                guard (1...CellCatalog.maximumSize).contains(size),
                    let found = CellCatalog.size(named: cell, inputSize: size, hiddenSize: recipe.hiddenSize)
                else { return (.infinity, 1) }
                count += Double(found.parameterCount)
                size = found.outputSize
            }
            return (count, size)
        }
        func linear(_ inputs: Int, _ outputs: Int) -> Double { Double(outputs) * Double(inputs + 1) }
        let actor = stack(recipe.cell)
        let critic = recipe.sharesLayers ? actor : stack(recipe.criticCell)
        let head = recipe.headSize
        let (seen, judged) = head > 0 ? (head, head) : (actor.output, critic.output)
        var count = actor.count + (recipe.sharesLayers ? 0 : critic.count)
        if head > 0 { count += linear(actor.output, head) + linear(critic.output, head) }
        count += linear(seen, actions.size) + linear(judged, 1)
        guard actions.isContinuous else { return count }
        return count + Double(actions.size) * (recipe.exploration == .state ? Double(seen) : 1)
    }

    /// The extents of the parts of the state: the actor's, then the critic's.
    package var stateSizes: [Int] { actor.stateSizes + (critic?.stateSizes ?? []) }

    /// The state before an episode, a row for each of the batch.
    package func initialState(batchSize: Int, of elementType: ElementType = .float32) -> [Variable] {
        (actor.layers + (critic?.layers ?? [])).flatMap { layer in
            (layer as? any CellLayer)?.cell.initialState(batchSize: batchSize, of: elementType)
                ?? layer.stateSizes.map { Variable(Tensor(zeros: [batchSize, $0], of: elementType)) }
        }
    }

    /// What the network says about observations, from `state`, which becomes the state after the last step.
    ///
    /// - Shapes: `x` [T, B, O].
    package func callAsFunction(_ x: Variable, from state: inout [Variable], lengths: [Int]? = nil) -> Answer {
        let count = actor.stateSizes.count
        var own = Array(state.prefix(count))
        var other = Array(state.dropFirst(count))
        let seen = actor(x, from: &own, lengths: lengths)
        let judged = critic.map { $0(x, from: &other, lengths: lengths) } ?? seen
        state = own + other
        let features = actorHead.map { $0(seen).tanh() } ?? seen
        let values = value(criticHead.map { $0(judged).tanh() } ?? judged)
        return Answer(
            scores: action(features), logDeviation: logDeviation(features), features: features,
            values: values.reshaped(Array(x.shape.prefix(2))))
    }

    private func logDeviation(_ features: Variable) -> Variable? {
        guard let deviation else { return nil }
        let bounded = deviation.variable.clamped(-20, 5)
        guard explores == .state else { return bounded }
        // The variance of a sum of independent terms; how far it varies is not learned through the features.
        let variance = features.detached().squared().matmul((bounded * 2).exp())
        return (variance + 1e-6).log() * 0.5
    }

    /// The deviation of each term of the random function of exploration by state, [F, A].
    package var termDeviations: [Float]? {
        guard explores == .state, let deviation else { return nil }
        return Variable(deviation.value).clamped(-20, 5).exp().value.scalars()
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("actor", &actor)
        if critic != nil { visit("critic", &critic!) }
        if actorHead != nil { visit("actor_head", &actorHead!) }
        if criticHead != nil { visit("critic_head", &criticHead!) }
        visit("action", &action)
        visit("value", &value)
        visit("log_deviation", &deviation)
    }
}
