"""Sums up searches: summary.py OUT PATH…, each PATH.jsonl with one line of `recurrent evolve --json` for each seed.

Prints the seconds that all runs took together; what they came to goes to OUT and, in short, to standard error.
"""

import json
import pathlib
import statistics
import sys

out, *paths = sys.argv[1:]
result, seconds = {}, 0
for path in paths:
    runs = [json.loads(line) for line in pathlib.Path(path + ".jsonl").read_text().splitlines()]
    counts = [run["evaluations"] for run in runs]
    starts = [run["generalization"] for run in runs if "generalization" in run]
    name = pathlib.Path(path).name
    result[name] = {
        "environment": runs[0]["environment"], "algorithm": runs[0]["algorithm"], "seeds": len(runs),
        "solved": sum(run["solved"] for run in runs), "mean_evaluations": statistics.fmean(counts),
        "median_evaluations": statistics.median(counts), "most_evaluations": max(counts),
        "mean_generalization": statistics.fmean(starts) if starts else None,
        "mean_seconds": statistics.fmean(run["seconds"] for run in runs), "evaluations": counts,
    }
    print(f"{name}: {result[name]['solved']} of {len(runs)} seeds solved, mean {result[name]['mean_evaluations']:.0f} "
          f"evaluations, median {result[name]['median_evaluations']:.0f}, most {max(counts)}", file=sys.stderr)
    seconds += sum(run["seconds"] for run in runs)
pathlib.Path(out).write_text(json.dumps(result, indent=2) + "\n")
print(round(seconds))
