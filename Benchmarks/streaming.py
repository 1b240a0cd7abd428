"""One step at batch 1 on one thread, I = H: this package in four formats, ONNX Runtime and PyTorch, in interleaved rounds.

    python3 streaming.py --peer-python PYTHON [--rounds 9] [--seconds 0.3] [--sizes 128 256 512 1024] [--tail 100000]

Uses the standard library only; the peers run under --peer-python, which must have numpy and, for a peer to be measured,
onnx and onnxruntime, or torch. Ratios are medians over rounds of the ratio within a round; below a ratio of 1 a peer is
faster. A row of 16 or 8 bits is never compared with a peer's row of 32 bits. Prints the lost points first, and writes
results/streaming.json.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

from worker import HERE, Worker as LineWorker, build, cpu_name

FORMATS = ["float32", "float16", "bfloat16", "int8"]
# What is to be reached: times faster than ONNX Runtime; share of the floor; times faster than our float32.
AGAINST_ORT = {128: 6.0, 256: 1.7, 512: 1.6, 1024: 1.0}
FLOOR, FLOOR_UP_TO = 0.85, 512
AGAINST_OWN = {("float16", 512): 1.6, ("float16", 1024): 1.6, ("int8", 512): 3.0, ("int8", 1024): 3.0}


class Worker(LineWorker):
    def ask(self, line):
        answer = super().ask(line)
        return json.loads(answer) if answer[0] in "{[0123456789" else answer


def interval(ratios):
    generator = random.Random(1)
    medians = sorted(statistics.median(generator.choices(ratios, k=len(ratios))) for _ in range(2000))
    return [round(medians[50], 3), round(medians[1949], 3)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[128, 256, 512, 1024])
    parser.add_argument("--tail", type=int, default=100_000, help="steps behind p99 and maximum; 0: those of the rounds")
    parser.add_argument("--processor", type=int, help="runs everything on this processor alone")
    parser.add_argument("--out", default=str(HERE / "results" / "streaming.json"))
    parser.add_argument("--scratch-path", help="where to build; by default below Benchmarks")
    options = parser.parse_args()

    program = build("StepBench", options.scratch_path)
    if options.processor is not None:
        os.sched_setaffinity(0, [options.processor])
    own = Worker([program])
    peer = Worker([options.peer_python, str(HERE / "peers" / "streaming_step.py")])
    peers = peer.greeting[1:]
    report = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(), "threads": 1,
        "instruction_set": own.greeting[1], "peers": peer.ask("version"), "rounds": options.rounds,
        "seconds": options.seconds,
        "command": "python3 Benchmarks/streaming.py " + " ".join(sys.argv[1:]),
        "points": [],
    }
    lines = []
    for size in options.sizes:
        with tempfile.NamedTemporaryFile() as file:
            own.ask(f"check {size} 50 {file.name}")
            errors = peer.ask(f"check {size} 50 {file.name}")
        contenders = [(format, own, f"step {size} {format} {options.seconds}") for format in FORMATS]
        contenders += [(name, peer, f"step {size} {name} {options.seconds}") for name in peers]
        rounds = {name: [] for name, _, _ in contenders}
        floors = {format: [] for format in FORMATS}
        for index in range(options.rounds):
            order = contenders[:]
            random.Random(index).shuffle(order)
            for name, worker, line in order:
                rounds[name].append(worker.ask(line))
            for format in FORMATS:
                bytes = rounds[format][-1]["bytes"]
                floors[format].append(bytes / own.ask(f"read {bytes} {min(0.1, options.seconds)}") / 1e3)
        tails = {}
        for format in FORMATS if options.tail else []:
            typical = statistics.median(r["median"] for r in rounds[format]) * 1e-6
            tails[format] = own.ask(f"step {size} {format} {max(0.2, options.tail * typical * 1.05)}")
        for name, _, _ in contenders:
            results = rounds[name]
            tail = tails.get(name)
            point = {
                "hidden": size, "name": name,
                "median_us": round(statistics.median(r["median"] for r in results), 3),
                "min_us": round(min(r["min"] for r in results), 3),
                "p99_us": round(tail["p99"] if tail else statistics.median(r["p99"] for r in results), 3),
                "max_us": round(tail["max"] if tail else max(r["max"] for r in results), 3),
                "tail_steps": tail["count"] if tail else sum(r["count"] for r in results),
                "error": errors[name],
            }
            if name in FORMATS:
                shares = [f / r["median"] for f, r in zip(floors[name], results)]
                point["floor_us"] = round(min(floors[name]), 3)
                point["share_of_floor"] = round(statistics.median(shares), 3)
                if name != "float32":
                    ratios = [a["median"] / b["median"] for a, b in zip(rounds["float32"], results)]
                    point["over_own_float32"] = round(statistics.median(ratios), 3)
                    point["interval"] = interval(ratios)
                    point["target"] = AGAINST_OWN.get((name, size))
                elif size <= FLOOR_UP_TO:
                    point["floor_target"] = FLOOR
            else:
                ratios = [a["median"] / b["median"] for a, b in zip(results, rounds["float32"])]
                point["own_float32_over_it"] = round(statistics.median(ratios), 3)
                point["interval"] = interval(ratios)
                point["target"] = AGAINST_ORT.get(size) if name == "onnxruntime" else None
            report["points"].append(point)
            lines.append(point)
    own.close()
    peer.close()

    def shortfall(point):
        reached = point.get("over_own_float32", point.get("own_float32_over_it"))
        wanted = [reached / point["target"]] if point.get("target") else []
        wanted += [reached] if "own_float32_over_it" in point else []
        wanted += [point["share_of_floor"] / point["floor_target"]] if "floor_target" in point else []
        return min(wanted, default=9)

    for point in sorted(lines, key=lambda p: (shortfall(p) >= 1, p["hidden"])):
        text = f"H={point['hidden']:<5}{point['name']:<12}{point['median_us']:9.2f} us  p99 {point['p99_us']:9.2f}"
        text += f"  max {point['max_us']:9.1f}  error {point['error']:.1e}"
        if "share_of_floor" in point:
            text += f"  {point['share_of_floor']:.2f} of the floor"
        if "over_own_float32" in point:
            text += f"  {point['over_own_float32']:.2f} x our float32 {point['interval']}"
        if "own_float32_over_it" in point:
            text += f"  our float32 is {point['own_float32_over_it']:.2f} x faster {point['interval']}"
        print(text + ("" if shortfall(point) >= 1 else "  MISSED"))
    pathlib.Path(options.out).parent.mkdir(exist_ok=True)
    pathlib.Path(options.out).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
