"""Runs the accuracy benchmark of the default forecaster and writes results/forecast_accuracy.json.

    python3 Benchmarks/accuracy.py [--data ../shared/data] [--seeds 3] [--long-seeds 2] [TASK ...]

The short tasks (one small series each) run with --seeds seeds, the long ones (etth1, m4) with --long-seeds.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="../shared/data")
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--long-seeds", type=int, default=2)
parser.add_argument("--scratch-path", default=None, help="where to build; by default below Benchmarks")
parser.add_argument("tasks", nargs="*")
arguments = parser.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
package = os.path.dirname(here)
build = ["swift", "build", "-c", "release", "--package-path", here, "--product", "ForecastBench"]
if arguments.scratch_path:
    build += ["--scratch-path", arguments.scratch_path]
subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
folder = subprocess.run(build + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()

short = ["sunspots-11", "co2-24", "co2-52"]
runs = []
for task in arguments.tasks or short + ["etth1-24", "etth1-96", "m4-hourly"]:
    seeds = arguments.seeds if task in short else arguments.long_seeds
    command = [os.path.join(folder, "ForecastBench"), "--data", arguments.data, "--seeds", str(seeds), task]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=package).stdout
    runs += [json.loads(line) for line in output.splitlines()]
    print(output, end="", flush=True)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


result = {
    "date": datetime.date.today().isoformat(), "cpu": processor(), "cores": os.cpu_count(), "system": platform.system(),
    "load_at_end": os.getloadavg()[0],
    "command": "python3 Benchmarks/accuracy.py",
    "note": "every choice is the library's default; only horizon and seed are given; times are those of a shared machine",
    "runs": runs,
}
with open(os.path.join(here, "results", "forecast_accuracy.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
