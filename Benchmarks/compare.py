"""Interleaved rounds of this package's LSTM layer and PyTorch's: medians, spreads and ratios as JSON.

    python3 compare.py [--peer-python PYTHON] [--rounds 15] [--seconds 0.3] [--threads 1 2] [--out results/lstm_step.json]

Uses the standard library only; the peer runs under --peer-python, which must have torch and numpy.
"""
import argparse
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

SHAPES = [(168, 64, 8, 64), (50, 64, 256, 256)]
HERE = pathlib.Path(__file__).resolve().parent


class Worker:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline().split()
        if not self.greeting or self.greeting[0] != "ready":
            sys.exit(f"{command[0]} did not start")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer or answer.startswith("error"):
            sys.exit(f"'{line}' failed: {answer}")
        return answer.strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def summary(values):
    return {
        "median": statistics.median(values), "p10": quantile(values, 0.1), "p90": quantile(values, 0.9),
        "min": min(values),
    }


def interval(ratios):
    generator = random.Random(1)
    medians = [statistics.median(generator.choices(ratios, k=len(ratios))) for _ in range(2000)]
    return [quantile(medians, 0.025), quantile(medians, 0.975)]


def cpu_name():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--out", default=str(HERE / "results" / "lstm_step.json"))
    parser.add_argument("--scratch-path", help="where to build; by default below Benchmarks")
    options = parser.parse_args()

    package = ["swift", "build", "-c", "release", "--package-path", str(HERE)]
    if options.scratch_path:
        package += ["--scratch-path", options.scratch_path]
    subprocess.run(package, check=True, stdout=sys.stderr)
    folder = subprocess.run(package + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()

    report = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(),
        "command": "python3 Benchmarks/compare.py " + " ".join(
            f"--{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in [("rounds", options.rounds), ("seconds", options.seconds), ("threads", options.threads)]),
        "system": platform.system() + " " + platform.release(), "points": [],
    }
    for threads in options.threads:
        ours = Worker([os.path.join(folder, "LSTMBench"), str(threads)])
        peer = Worker([options.peer_python, str(HERE / "peers" / "lstm_step.py"), str(threads)])
        report["peer"] = json.loads(peer.ask("version"))
        report["instruction_set"] = ours.greeting[1]
        for shape in SHAPES:
            sizes = " ".join(map(str, shape))
            with tempfile.NamedTemporaryFile() as file:
                ours.ask(f"dump {sizes} {file.name}")
                errors = json.loads(peer.ask(f"check {sizes} {file.name}"))
            steps, batch, inputs, hidden = shape
            for mode in ["forward", "train"]:
                operations = 2 * steps * batch * 4 * hidden * (inputs + hidden) * (3 if mode == "train" else 1)
                for worker in [ours, peer]:
                    worker.ask(f"time {mode} {sizes} {options.seconds}")
                times = {"ours": [], "torch": []}
                medians = {"ours": [], "torch": []}
                peaks = []
                load = []
                for round in range(options.rounds):
                    peaks.append(float(ours.ask("peak")))
                    load.append(os.getloadavg()[0])
                    order = [("ours", ours), ("torch", peer)]
                    for name, worker in order if round % 2 == 0 else reversed(order):
                        values = list(map(float, worker.ask(f"time {mode} {sizes} {options.seconds}").split()))
                        times[name] += values
                        medians[name].append(statistics.median(values))
                ratios = [b / a for a, b in zip(medians["ours"], medians["torch"])]
                peak = statistics.median(peaks)
                median = statistics.median(times["ours"])
                point = {
                    "shape": dict(zip("TBIH", shape)), "mode": mode, "threads": threads,
                    "seconds": {name: summary(values) for name, values in times.items()},
                    "ratio": {**summary(ratios), "interval95": interval(ratios)},
                    "ratio_of_minima": min(times["torch"]) / min(times["ours"]),
                    "gflops": operations / median / 1e9, "peak_gflops": peak, "best_peak_gflops": max(peaks),
                    "share_of_peak": operations / median / 1e9 / peak,
                    "share_of_best_peak_at_minimum": operations / min(times["ours"]) / 1e9 / max(peaks),
                    "error_against_float64": errors, "load": statistics.median(load),
                }
                report["points"].append(point)
                print(
                    f"{threads} thread(s) {sizes} {mode}: {median * 1e3:.2f} ms, torch "
                    f"{statistics.median(times['torch']) * 1e3:.2f} ms, ratio {point['ratio']['median']:.2f} "
                    f"[{point['ratio']['p10']:.2f}, {point['ratio']['p90']:.2f}], of minima "
                    f"{point['ratio_of_minima']:.2f}, {point['gflops']:.0f} of {peak:.0f} GFLOP/s")
        ours.close()
        peer.close()
    report["points"].sort(key=lambda point: point["ratio"]["median"])
    pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(options.out).write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
