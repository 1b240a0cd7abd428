"""Writes Benchmarks/results/NAME.json: record.py NAME RECURRENT DATA COMMAND SECONDS SCORES.json

DATA says in words what was learned from and judged on, COMMAND is how to get the figures again, SECONDS is the training time
and SCORES.json what `recurrent evaluate --json` wrote.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys

name, program, data, command, seconds, scores = sys.argv[1:]
cpu = platform.processor() or platform.machine()
try:
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
except (OSError, StopIteration):
    pass
figures = json.loads(pathlib.Path(scores).read_text())
# Where the model lay on this machine says nothing to others.
figures.pop("model", None)
result = {
    "data": data,
    "command": command,
    "version": subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip(),
    "cpu": cpu,
    "cores": os.cpu_count(),
    "system": f"{platform.system()} {platform.release()}",
    "training_seconds": float(seconds),
    "figures": figures,
}
path = pathlib.Path(__file__).resolve().parents[1] / "Benchmarks" / "results" / f"{name}.json"
path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
print(f"wrote Benchmarks/results/{name}.json")
