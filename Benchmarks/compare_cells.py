"""Interleaved rounds of this package's GRU and RNN layers and PyTorch's, in the protocol of compare.py.

    python3 compare_cells.py [--peer-python PYTHON] [--rounds 9] [--seconds 0.2] [--threads 1 2] [--cells gru rnn]
                             [--out results/cell_step.json]
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from compare import HERE, SHAPES, Worker, cpu_name, interval, summary


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--cells", nargs="*", default=["gru", "rnn"])
    parser.add_argument("--out", default=str(HERE / "results" / "cell_step.json"))
    parser.add_argument("--scratch-path", help="where to build; by default below Benchmarks")
    options = parser.parse_args()

    package = ["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", "CellBench"]
    if options.scratch_path:
        package += ["--scratch-path", options.scratch_path]
    subprocess.run(package, check=True, stdout=sys.stderr)
    folder = subprocess.run(package + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()

    report = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(),
        "command": "python3 Benchmarks/compare_cells.py " + " ".join(
            f"--{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in [("rounds", options.rounds), ("seconds", options.seconds), ("threads", options.threads),
                                ("cells", options.cells)]),
        "system": platform.system() + " " + platform.release(), "points": [],
    }
    for threads in options.threads:
        ours = Worker([os.path.join(folder, "CellBench"), str(threads)])
        peer = Worker([options.peer_python, str(HERE / "peers" / "cell_step.py"), str(threads)])
        report["peer"] = json.loads(peer.ask("version"))
        report["instruction_set"] = ours.greeting[1]
        for cell in options.cells:
            for shape in SHAPES:
                sizes = " ".join(map(str, shape))
                with tempfile.NamedTemporaryFile() as file:
                    ours.ask(f"dump {cell} {sizes} {file.name}")
                    errors = json.loads(peer.ask(f"check {cell} {sizes} {file.name}"))
                for mode in ["forward", "train"]:
                    command = f"time {cell} {mode} {sizes} {options.seconds}"
                    for worker in [ours, peer]:
                        worker.ask(command)
                    times = {"ours": [], "torch": []}
                    medians = {"ours": [], "torch": []}
                    load = []
                    for round in range(options.rounds):
                        load.append(os.getloadavg()[0])
                        order = [("ours", ours), ("torch", peer)]
                        for name, worker in order if round % 2 == 0 else reversed(order):
                            values = list(map(float, worker.ask(command).split()))
                            times[name] += values
                            medians[name].append(statistics.median(values))
                    ratios = [b / a for a, b in zip(medians["ours"], medians["torch"])]
                    point = {
                        "cell": cell, "shape": dict(zip("TBIH", shape)), "mode": mode, "threads": threads,
                        "seconds": {name: summary(values) for name, values in times.items()},
                        "ratio": {**summary(ratios), "interval95": interval(ratios)},
                        "ratio_of_minima": min(times["torch"]) / min(times["ours"]),
                        "error_against_float64": errors, "load": statistics.median(load),
                    }
                    report["points"].append(point)
                    print(
                        f"{cell}, {threads} thread(s), {sizes} {mode}: "
                        f"{statistics.median(times['ours']) * 1e3:.2f} ms, torch "
                        f"{statistics.median(times['torch']) * 1e3:.2f} ms, ratio {point['ratio']['median']:.2f} "
                        f"[{point['ratio']['p10']:.2f}, {point['ratio']['p90']:.2f}], of minima "
                        f"{point['ratio_of_minima']:.2f}", flush=True)
        ours.close()
        peer.close()
    report["points"].sort(key=lambda point: point["ratio"]["median"])
    pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.out).write_text(json.dumps(report, indent=2) + "\n")


main()
