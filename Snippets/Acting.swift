import Recurrent

/// Shows a sign, and asks for it ten steps later.
struct Recall: Environment {
    private var (sign, steps) = (0.0, 0)
    var observationSpace: Space { .box(-1...1, count: 2) }
    var actionSpace: Space { .discrete(2) }
    var timeLimit: Int? { 11 }

    mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(RandomKey(seed: seed))
        (sign, steps) = (Bool.random(using: &stream) ? 1 : -1, 0)
        observation = [sign, 0]
    }

    mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        steps += 1
        observation = [0, steps == 10 ? 1 : 0]
        guard steps == 11 else { return Transition(reward: 0) }
        return Transition(reward: (action[0] == 1) == (sign > 0) ? 1 : 0, isTerminated: true)
    }
}

let world = EnvironmentSource(Recall(), name: "recall")

var recipe = EvolutionRecipe(world)
recipe.network = NetworkShape(cell: "lstm", hiddenSize: 4)
(recipe.episodes, recipe.target) = (16, 1)
var evolution = try EvolutionSession(recipe)
while evolution.ending == nil { try evolution.step() }
let champion = try evolution.champion()
print("\(evolution.generation) generations: right in \(champion.returns.reduce(0, +)) of \(champion.returns.count)")

var policy = PolicyRecipe(.ppo)
(policy.hiddenSize, policy.totalSteps) = (16, 100_000)
var learning = try PolicySession(PolicyTask(world, recipe: policy, goal: 1))
try learning.run()
let model = try learning.model()
print("\(learning.progress.steps) steps: right in \(model.test?.meanReturn ?? 0) of the episodes")

var episode = Recall()
var observation = try episode.reset(seed: 7)
var (controller, action) = (model.controller(), [0.0])
controller.reset(creatures: 1)
controller.act(on: observation, into: &action)
let transition = episode.step(action, into: &observation)
print("chose \(action[0]), saw \(observation), got \(transition.reward)")

var search = EvolutionRun(try CMAES(start: [3, -2], deviation: 1), key: RandomKey(seed: 1))
while search.strategy.stopReason == nil {
    try search.step { x, _ in Evaluation(fitness: -(x[0] * x[0] + 10 * x[1] * x[1])) }
}
print("found \(search.strategy.best?.candidate ?? [])")
