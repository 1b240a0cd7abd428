"""What each member of the LSTM family costs beside the standard LSTM, on one thread and on two, as JSON.

    python3 Benchmarks/family.py [--rounds 15] [--scratch-path .build/bench] [--out results/lstm-family.json]
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import time

from worker import HERE, build, cpu_name

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=15)
parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
parser.add_argument("--scratch-path", default=str(HERE.parent / ".build/bench"))
parser.add_argument("--out", default=str(HERE / "results/lstm-family.json"))
options = parser.parse_args()

program = build("FamilyBench", options.scratch_path)
runs = []
for threads in options.threads:
    load = os.getloadavg()[0]
    command = [program, "--threads", str(threads), "--rounds", str(options.rounds)]
    run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    runs.append({**run, "load": [load, os.getloadavg()[0]]})
report = {
    "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(),
    "system": f"{platform.system()} {platform.release()}",
    "command": f"python3 Benchmarks/family.py --rounds {options.rounds}", "runs": runs,
}
pathlib.Path(options.out).write_text(json.dumps(report, indent=2) + "\n")
