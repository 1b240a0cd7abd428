extension EnvironmentProgram {
    /// Examples/gymnasium/bridge.py, to the letter.
    package static let bridge: String = {
        // The bars keep Python's imports from being taken for this file's.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { $0.dropFirst(2) + "\n" }.joined()
    }()

    private static let text = #"""
        | """Serves Gymnasium environments to `recurrent`: a JSON object a line on standard input, an answer a line on standard output.
        |
        |     recurrent reinforce --command 'python3 bridge.py CartPole-v1' --out model/
        |
        | {"make": 4}               four environments; the answer says what observations and actions may be
        | {"reset": [[0, 7]]}       begins an episode with seed 7 in environment 0; the answer holds its first observation
        | {"step": [[1], null, …]}  acts in each environment that has an action
        | """
        | import json
        | import math
        | import sys
        |
        | answers, sys.stdout = sys.stdout, sys.stderr  # what an environment prints must not stand among the answers
        |
        |
        | def space(s):
        |     kind, number = type(s).__name__, lambda v: float(v) if math.isfinite(v) else None
        |     if kind == "Discrete":
        |         return {"type": "discrete", "count": int(s.n)}
        |     if kind in ("MultiDiscrete", "MultiBinary"):
        |         return {"type": "multi-discrete", "counts": [int(n) for n in s.nvec.ravel()] if kind[5:] == "Discrete" else [2] * int(s.n)}
        |     if kind == "Box":
        |         return {"type": "box", "low": [number(v) for v in s.low.ravel()], "high": [number(v) for v in s.high.ravel()]}
        |     raise ValueError(f"spaces of the type {kind} are not served: {s}")
        |
        |
        | def row(s, value):
        |     """An observation as numbers; what is not finite becomes null."""
        |     import numpy
        |     values = numpy.asarray(value, dtype=float).ravel()
        |     start = float(getattr(s, "start", 0)) if type(s).__name__ == "Discrete" else 0.0
        |     return [float(v) - start if math.isfinite(v) else None for v in values]
        |
        |
        | def action(s, values):
        |     import numpy
        |     if type(s).__name__ == "Discrete":
        |         return int(values[0]) + int(s.start)
        |     return numpy.asarray(values, dtype=s.dtype).reshape(s.shape)
        |
        |
        | def answer(request, name, worlds):
        |     if "make" in request:
        |         import gymnasium
        |         worlds[:] = [gymnasium.make(name) for _ in range(request["make"])]
        |         limit = worlds[0].spec.max_episode_steps if worlds[0].spec else None
        |         return {"protocol": 1, "name": name, "time_limit": limit, "action_space": space(worlds[0].action_space),
        |                 "observation_space": space(worlds[0].observation_space)}
        |     if "reset" in request:
        |         return {"observations": [row(worlds[i].observation_space, worlds[i].reset(seed=seed)[0]) for i, seed in request["reset"]]}
        |     steps = [None if a is None else w.step(action(w.action_space, a)) for w, a in zip(worlds, request["step"])]
        |     part = lambda i, convert, idle: [idle if s is None else convert(s[i]) for s in steps]
        |     return {"observations": part(0, lambda o: row(worlds[0].observation_space, o), None),
        |             "rewards": part(1, lambda r: float(r) if math.isfinite(r) else None, 0.0),
        |             "terminated": part(2, bool, False), "truncated": part(3, bool, False)}
        |
        |
        | worlds = []
        | for line in sys.stdin:
        |     try:
        |         result = answer(json.loads(line), sys.argv[1], worlds)
        |     except Exception as error:
        |         result = {"error": f"{type(error).__name__}: {error}"}
        |     print(json.dumps(result), file=answers, flush=True)
        """#
}
