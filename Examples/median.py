"""Takes medians of what `recurrent evaluate --json` says of models of several seeds: median.py OUT FILE.json…

Every number becomes the median over the files, with the numbers of all seeds beside those of the first level.
"""

import json
import statistics
import sys


def merged(values, depth=0):
    first = values[0]
    if isinstance(first, dict):
        result = {}
        for key in first:
            inner = [value[key] for value in values if key in value]
            result[key] = merged(inner, depth + 1)
            if depth == 0 and len({str(one) for one in inner}) > 1 and isinstance(first[key], (int, float)):
                result[key + "_of_seeds"] = inner
        return result
    if isinstance(first, list):
        return [merged(list(column), depth + 1) for column in zip(*values)] if first else first
    if all(value == first for value in values):
        return first
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return statistics.median(numbers) if len(numbers) == len(values) else first


out, *files = sys.argv[1:]
scores = []
for path in files:
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    found = found | found.pop("files")[0] if "files" in found else found
    found.pop("file", None)
    found.pop("model", None)
    scores.append(found)
result = {"runs": len(scores)} | merged(scores)
with open(out, "w", encoding="utf-8") as file:
    json.dump(result, file, indent=2, ensure_ascii=False)
print(", ".join(f"{key} {value:.4f}" for key, value in result.items() if isinstance(value, float)))
