"""Puts together what `recurrent evaluate --json` says of several transcribers: collect.py official|speakers OUT FILE[.json]…

`official`: runs of several seeds, their median. `speakers`: one run for each speaker left out, their mean.
"""

import json
import pathlib
import statistics
import sys

kind, out, *names = sys.argv[1:]
runs = {}
for name in names:
    path = pathlib.Path(name if name.endswith(".json") else name + ".json")
    runs[path.stem.removeprefix("without-")] = json.loads(path.read_text())["files"][0]
rates = {name: run["wer"]["rate"] for name, run in runs.items()}
middle = statistics.median if kind == "official" else statistics.fmean
result = {
    "task": "transcribe", "runs": len(runs), "recordings": [run["recordings"] for run in runs.values()],
    "median_wer" if kind == "official" else "mean_wer": middle(rates.values()),
    "median_cer" if kind == "official" else "mean_cer": middle(run["cer"]["rate"] for run in runs.values()),
    "wer": rates,
}
pathlib.Path(out).write_text(json.dumps(result, indent=2) + "\n")
print(json.dumps(result, indent=2))
