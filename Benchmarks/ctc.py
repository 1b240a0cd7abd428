"""Temporal classification, loss and gradient: this program beside PyTorch, in interleaved rounds.

    python3 ctc.py --peer-python PYTHON [--rounds 9] [--seconds 0.3] [--program PATH] [--threads 1]

T=150 frames, L=40 labels, 28 and 5,000 classes, batches of 1, 16 and 64, float32 logits. PyTorch runs log_softmax and ctc_loss
with its native kernels, forwards and backwards. The memory is what a process takes beyond its state before the first loss.
Writes results/ctc.json.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import sys
import time

from worker import HERE, Worker, cpu_name

FRAMES, LABELS = 150, 40
SHAPES = [(classes, batch) for classes in (28, 5000) for batch in (1, 16, 64)]


def serve(classes, batch, threads):
    import torch

    torch.set_num_threads(threads)
    logits = torch.randn(FRAMES, batch, classes, generator=torch.Generator().manual_seed(1), requires_grad=True)
    targets = torch.randint(1, classes, (batch, LABELS), generator=torch.Generator().manual_seed(2))
    lengths, counts = torch.full((batch,), FRAMES), torch.full((batch,), LABELS)

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    print("ready", peak(), torch.__version__, flush=True)
    for line in sys.stdin:
        rounds = int(line)
        began = time.perf_counter()
        for _ in range(rounds):
            logits.grad = None
            torch.nn.functional.ctc_loss(logits.log_softmax(-1), targets, lengths, counts, reduction="sum").backward()
        print((time.perf_counter() - began) / rounds, peak(), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--program", default=str(HERE.parent / ".build/release/recurrent"))
    parser.add_argument("--peer", nargs=2, type=int)
    arguments = parser.parse_args()
    if arguments.peer:
        return serve(*arguments.peer, arguments.threads)
    # The sums do not depend on the number of threads; the time should not depend on the machine's.
    if arguments.threads == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    points, version = [], ""
    for classes, batch in SHAPES:
        sides = {
            "recurrent": Worker([arguments.program, "conformance", "ctc-time", str(FRAMES), str(LABELS), str(classes),
                                 str(batch)]),
            "torch": Worker([arguments.peer_python, __file__, "--threads", str(arguments.threads), "--peer",
                             str(classes), str(batch)]),
        }
        version = sides["torch"].greeting[2]
        counts, memory, rows = {}, {}, []
        for name, side in sides.items():
            once = float(side.ask("1").split()[0])
            seconds, peak = side.ask("3").split()
            counts[name] = max(1, int(arguments.seconds / min(once, float(seconds))))
            memory[name] = int(peak) - int(side.greeting[1])
        for _ in range(arguments.rounds):
            rows.append({name: float(side.ask(str(counts[name])).split()[0]) for name, side in sides.items()})
        for side in sides.values():
            side.close()
        ratios = sorted(row["torch"] / row["recurrent"] for row in rows)
        points.append({
            "classes": classes, "batch": batch, "frames": FRAMES, "labels": LABELS, "rounds": arguments.rounds,
            "milliseconds": {n: round(statistics.median(r[n] for r in rows) * 1e3, 4) for n in sides},
            "times_faster": round(statistics.median(ratios), 2),
            "times_faster_least": round(ratios[0], 2), "times_faster_most": round(ratios[-1], 2),
            "mebibytes": {n: round(m / 2**20, 1) for n, m in memory.items()},
        })
        print(json.dumps(points[-1]), flush=True)
    result = {
        "threads": arguments.threads, "element": "float32", "points": points, "processor": cpu_name(),
        "versions": {"torch": version}, "command": "python3 Benchmarks/ctc.py --peer-python PYTHON",
    }
    (HERE / "results" / "ctc.json").write_text(json.dumps(result, indent=2) + "\n")


main()
