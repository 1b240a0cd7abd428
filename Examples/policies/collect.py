"""Writes Benchmarks/results/NAME.json from the answers of several seeds: collect.py NAME RECURRENT COMMAND SECONDS ANSWERS"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

name, program, command, seconds, answers = sys.argv[1:]
runs = [json.loads(line) for line in pathlib.Path(answers).read_text().splitlines()]
for run in runs:
    run.pop("model")
returns = [run["test"]["return"] for run in runs]
figures = {
    "seeds": len(runs),
    "mean_return": statistics.fmean(returns),
    "least_return": min(returns),
    "returns": returns,
    "mean_steps": statistics.fmean(run["steps"] for run in runs),
    "runs": runs,
}
data = f"{runs[0]['environment']}: {len(runs)} seeds, each judged on {runs[0]['test']['episodes']} episodes of its own"
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(figures, file)
    file.flush()
    record = pathlib.Path(__file__).resolve().parents[1] / "record.py"
    subprocess.run([sys.executable, record, name, program, data, command + " --seed N", seconds, file.name], check=True)
print(f"mean {figures['mean_return']:.2f}, least {figures['least_return']:.2f} over {len(runs)} seeds")
