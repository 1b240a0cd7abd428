"""The median seed of several: median_classes.py OUT FILE.json…

A file is what `recurrent evaluate --json` says of a classifier of signals or clips, or `recurrent info --json` of one whose networks
were judged by folds.
"""

import json
import statistics
import sys


def score(path):
    found = json.load(open(path))
    return {"task": found["task"]} | (found["files"][0] if "files" in found else found["validation"])


def main():
    out, *paths = sys.argv[1:]
    scores = [score(path) for path in paths]
    names = {"accuracy": lambda s: s["accuracy"], "macro_f1": lambda s: s["macro"]["f1"],
             "roc_area": lambda s: s["roc_area"], "log_loss": lambda s: s["log_loss"],
             "calibration_error": lambda s: s["calibration_error"]}
    result = {"task": scores[0]["task"], "runs": len(scores), "examples": scores[0]["examples"]}
    for name, figure in names.items():
        values = [figure(s) for s in scores]
        result[name] = statistics.median(values)
        result[name + "_of_each_seed"] = values
    result["recall"] = {c["class"]: statistics.median(s["classes"][i]["recall"] for s in scores)
                        for i, c in enumerate(scores[0]["classes"])}
    with open(out, "w") as file:
        json.dump(result, file, indent=2)
    each = ", ".join(f"{value:.4f}" for value in result["accuracy_of_each_seed"])
    print(f"accuracy {result['accuracy']:.4f} (median of {each}), macro F1 {result['macro_f1']:.4f}, "
          f"log loss {result['log_loss']:.4f}; recall "
          + ", ".join(f"{name} {value:.3f}" for name, value in result["recall"].items()))


if __name__ == "__main__":
    main()
