"""Averages what `recurrent evaluate --json` says of classifiers of several seeds: average.py OUT NAME=FILE.json…

Files of one NAME are runs of different seeds on the same examples.
"""

import json
import statistics
import sys


def figures(paths):
    scores = [json.load(open(path))["files"][0] for path in paths]
    accuracies = [score["accuracy"] for score in scores]
    return {
        "runs": len(scores), "examples": scores[0]["examples"], "accuracy": statistics.fmean(accuracies),
        "accuracies": accuracies, "macro_f1": statistics.fmean(score["macro"]["f1"] for score in scores),
        "weighted_f1": statistics.fmean(score["weighted"]["f1"] for score in scores),
        "log_loss": statistics.fmean(score["log_loss"] for score in scores),
        "calibration_error": statistics.fmean(score["calibration_error"] for score in scores),
    }


def main():
    out, *files = sys.argv[1:]
    named = {}
    for entry in files:
        name, path = entry.split("=", 1)
        named.setdefault(name, []).append(path)
    result = {"task": "classify"} | {name: figures(paths) for name, paths in named.items()}
    with open(out, "w") as file:
        json.dump(result, file, indent=2)
    for name, found in result.items():
        if name != "task":
            print(f"{name}: accuracy {found['accuracy']:.4f} (mean of {found['runs']}: "
                  f"{', '.join(f'{value:.4f}' for value in found['accuracies'])}), macro F1 {found['macro_f1']:.4f}, "
                  f"log loss {found['log_loss']:.4f}, calibration error {found['calibration_error']:.4f}")


if __name__ == "__main__":
    main()
