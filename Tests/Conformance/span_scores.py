"""Precision, recall and F1 of spans beside seqeval, in its default and its strict mode, on random tags.

    RECURRENT=path/of/recurrent python span_scores.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import seqeval.metrics as metrics
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES

warnings.filterwarnings("ignore")
SCHEMES = {"iob1": (IOB1, "OBI"), "bio": (IOB2, "OBI"), "iobes": (IOBES, "OBIES"), "bilou": (BILOU, "OBILU")}
TYPES = ["PER", "LOC", "a-b", "é", "", "-x"]
problems = []


def tag(rng, letters, types):
    letter = rng.choice(letters)
    kind = rng.choice(types)
    return "O" if letter == "O" else letter + ("-" + kind if kind else "")


def case(rng, mode):
    letters = SCHEMES[mode][1] if mode != "default" else rng.choice(["OBI", "OOOBIESLUX.", "OBIES", "OIE", "NV"])
    types = rng.sample(TYPES, rng.randrange(1, len(TYPES) + 1))
    actual, predicted = [], []
    for _ in range(rng.randrange(1, 8)):
        tags = [tag(rng, letters, types) for _ in range(rng.randrange(1, 15))]
        actual.append(tags)
        predicted.append([tag(rng, letters, types) if rng.random() < 0.3 else t for t in tags])
    return {"mode": mode, "actual": actual, "predicted": predicted}


def judged(item):
    options = {} if item["mode"] == "default" else {"mode": "strict", "scheme": SCHEMES[item["mode"]][0]}
    actual, predicted = item["actual"], item["predicted"]
    report = metrics.classification_report(actual, predicted, output_dict=True, **options)
    rows = {name: [row["precision"], row["recall"], row["f1-score"], row["support"]] for name, row in report.items()}
    averages = {name: rows.pop(name + " avg") for name in ["micro", "macro", "weighted"]}
    return {"types": rows, **averages, "accuracy": metrics.accuracy_score(actual, predicted)}


def close(a, b):
    # Sums over types may be taken in another order; a mean over no type is NaN there and null here.
    pairs = [(math.nan if x is None else float(x), float(y)) for x, y in zip(a, b)]
    return all(x != x and y != y or math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-15) for x, y in pairs)


rng = random.Random(11)
cases = [case(rng, mode) for mode in ["default", *SCHEMES] for _ in range(2000 if mode == "default" else 500)]
with tempfile.TemporaryDirectory() as folder:
    source, target = pathlib.Path(folder, "cases.jsonl"), pathlib.Path(folder, "scores.jsonl")
    source.write_text("".join(json.dumps(item) + "\n" for item in cases))
    subprocess.run([os.environ["RECURRENT"], "conformance", "spans", source, target], check=True, timeout=300)
    found = [json.loads(line) for line in target.read_text().splitlines()]
if len(found) != len(cases):
    problems.append(f"{len(found)} answers for {len(cases)} cases")
spans = 0
for index, (item, ours) in enumerate(zip(cases, found)):
    theirs = judged(item)
    same = sorted(ours["types"]) == sorted(theirs["types"])
    same = same and all(close(ours["types"][name], theirs["types"][name]) for name in theirs["types"])
    same = same and all(close(ours[name], theirs[name]) for name in ["micro", "macro", "weighted"])
    same = same and close([ours["accuracy"]], [theirs["accuracy"]])
    if not same:
        problems.append(f"case {index}: {item}\n  ours   {ours}\n  theirs {theirs}")
    spans += int(theirs["micro"][3])
print(f"seqeval: {len(cases) - len(problems)} of {len(cases)} sets of sentences, with {spans} spans, scored alike")
for problem in problems[:10]:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
