"""Measures how soon the program answers: the whole of `--help`, and the first byte that `forecast` writes.

    python3 Benchmarks/survival/startup.py [--runs 50] [--program PATH] [--out results/startup.json]

Standard library only; `swift build -c release` makes the program.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import kill
import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Milliseconds.
GOALS = {"help": 50, "first_output": 100}


def whole(command, folder):
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return (time.perf_counter() - began) * 1000


def first_byte(command, folder):
    reading, writing = os.pipe()
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing)
    os.close(writing)
    said = os.read(reading, 1)
    milliseconds = (time.perf_counter() - began) * 1000
    process.kill()
    process.wait()
    os.close(reading)
    if not said:
        sys.exit("the program said nothing")
    return milliseconds


def summary(values, goal):
    values = sorted(values)
    return {
        "median_ms": round(statistics.median(values), 2), "p90_ms": round(values[int(0.9 * (len(values) - 1))], 2),
        "min_ms": round(values[0], 2), "max_ms": round(values[-1], 2), "goal_ms": goal,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "recurrent"))
    parser.add_argument("--out", default=str(ROOT / "Benchmarks" / "results" / "startup.json"))
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as folder:
        about = machine.describe(program, folder)
        kill.table(pathlib.Path(folder) / "sales.csv")
        times = {"help": [], "first_output": [], "true": []}
        # Interleaved, so that other work on the machine weighs on all alike. `true` is what starting any process costs.
        for _ in range(options.runs):
            times["help"].append(whole([program, "--help"], folder))
            times["first_output"].append(
                first_byte([program, "forecast", "sales.csv", "--horizon", "3", "--out", "model", "--force"], folder))
            times["true"].append(whole(["true"], folder))
        result = {
            **about, "load_after": list(os.getloadavg()),
            "command": f"python3 Benchmarks/survival/startup.py --runs {options.runs}", "runs": options.runs,
            **{name: summary(values, GOALS.get(name)) for name, values in times.items()},
        }
    pathlib.Path(options.out).write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: result[name] for name in times}))
    sys.exit(0 if all(result[name]["median_ms"] <= goal for name, goal in GOALS.items()) else 1)


if __name__ == "__main__":
    main()
