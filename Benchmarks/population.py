"""Steps a second of a population of LSTM policies in closed loops: this package beside JAX's vmap of scan, one thread each.

    python3 population.py --peer-python PYTHON [--rounds 5] [--members 64 256 1024] [--steps 1000]

Every member has weights of its own, 8 inputs, 32 units and one output; what it sees next depends on its answer. --peer-python must
have jax and numpy. The last answers of all members must agree before times count. Interleaved rounds in one run; a ratio is the
median over rounds of the ratio within a round, against JAX's best number of members. Writes results/population.json.
"""
import argparse
import array
import json
import pathlib
import statistics
import sys
import tempfile

from worker import HERE, Worker, build, cpu_name

PEER = """
import os, sys, time
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import jax, numpy
from jax import lax, numpy as np
I, H = 8, 32
def numbers(count):
    bits = (numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761))
    bits ^= bits >> 15
    bits = bits * numpy.uint32(2246822519)
    bits ^= bits >> 13
    return ((bits >> 8).astype(numpy.float32) / numpy.float32(1 << 23) - 1) * numpy.float32(0.3)
def episode(steps, weights):
    wi, wh, b, wo, bo = weights
    def step(state, _):
        x, h, c, y = state
        i, f, g, o = np.split(wi @ x + wh @ h + b, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * np.tanh(g)
        h = jax.nn.sigmoid(o) * np.tanh(c)
        y = wo @ h + bo
        return (0.9 * x + 0.1 * y[0], h, c, y), None
    start = (np.ones(I), np.zeros(H), np.zeros(H), np.zeros(1))
    return lax.scan(step, start, None, length=steps)[0][3][0]
compiled = {}
def run(members, steps):
    sizes = [(4 * H, I), (4 * H, H), (4 * H,), (1, H), (1,)]
    count = sum(int(numpy.prod(s)) for s in sizes)
    rows, weights, at = numbers(members * count).reshape(members, count), [], 0
    for size in sizes:
        n = int(numpy.prod(size))
        weights.append(np.asarray(rows[:, at:at + n].reshape(members, *size)))
        at += n
    if (members, steps) not in compiled:
        compiled[members, steps] = jax.jit(jax.vmap(lambda *w: episode(steps, w))).lower(*weights).compile()
    begin = time.perf_counter()
    answer = compiled[members, steps](*weights).block_until_ready()
    return time.perf_counter() - begin, numpy.asarray(answer, numpy.float32)
print("ready", jax.__version__, flush=True)
for line in sys.stdin:
    _, members, steps, path = line.split()
    seconds, answer = run(int(members), int(steps))
    answer.tofile(path)
    print(seconds, flush=True)
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, nargs="*", default=[64, 256, 1024])
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args()
    ours, peer = Worker(["taskset", "-c", "0", build("PopulationBench")]), Worker(["taskset", "-c", "0", arguments.peer_python, "-c", PEER])
    rows = {members: ([], []) for members in arguments.members}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(-1, arguments.rounds):
            for members in arguments.members:
                answers = []
                for index, worker in enumerate((ours, peer)):
                    path = pathlib.Path(folder) / "answers"
                    seconds = float(worker.ask(f"run {members} {arguments.steps} {path}"))
                    answers.append(array.array("f", path.read_bytes()))
                    # The first round warms up.
                    if round_number >= 0:
                        rows[members][index].append(members * arguments.steps / seconds)
                apart = max(abs(a - b) for a, b in zip(*answers))
                if not apart < 1e-4 or len(answers[0]) != len(answers[1]):
                    sys.exit(f"answers of {members} members differ by {apart}")
    result = {
        "what": "member-steps a second of LSTM policies with 8 inputs, 32 units and one output, in closed loops, on one thread",
        "cpu": cpu_name(), "instruction_set": ours.greeting[1], "peer": {"jax": peer.greeting[1]}, "steps": arguments.steps,
        "rows": [{"members": members, "recurrent": statistics.median(own), "jax": statistics.median(theirs)}
                 for members, (own, theirs) in rows.items()],
    }  # fmt: skip
    best = max(result["rows"], key=lambda row: row["jax"])
    result["ratio"] = statistics.median(a / b for a, b in zip(rows[best["members"]][0], rows[best["members"]][1]))
    for row in result["rows"]:
        print(f"{row['members']} members: {row['recurrent'] / 1e6:.2f} and {row['jax'] / 1e6:.2f} million steps a second")
    (HERE / "results" / "population.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{result['ratio']:.1f} times JAX at its best; wrote results/population.json")


if __name__ == "__main__":
    main()
