"""Writes spans.txt: what seqeval 1.2.2 counts, in its default mode and in its strict mode, on random and on odd tags.

    python make_spans.py > spans.txt
"""

import random
import sys
import warnings

import seqeval.metrics as metrics
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES

warnings.filterwarnings("ignore")
SCHEMES = {"iob1": (IOB1, "OBI"), "bio": (IOB2, "OBI"), "iobes": (IOBES, "OBIES"), "bilou": (BILOU, "OBILU")}
TYPES = ["PER", "LOC", "a-b", ""]


def tag(rng, letters, types):
    letter = rng.choice(letters)
    if letter == "O":
        return "O"
    kind = rng.choice(types)
    return letter + ("-" + kind if kind else "")


def pair(rng, letters, types):
    """Actual tags, and predicted ones that are mostly the same."""
    actual = [tag(rng, letters, types) for _ in range(rng.randrange(1, 12))]
    return actual, [tag(rng, letters, types) if rng.random() < 0.3 else t for t in actual]


def report(mode, pairs):
    actual, predicted = [list(a) for a, _ in pairs], [list(p) for _, p in pairs]
    options = {} if mode == "default" else {"mode": "strict", "scheme": SCHEMES[mode][0]}
    try:
        per = metrics.classification_report(actual, predicted, output_dict=True, **options)
    except ValueError:
        per = {}  # no span at all: the report fails on an empty list of types
    print("mode", mode, sep="\t")
    for a, p in pairs:
        print("sentence", " ".join(a), " ".join(p), sep="\t")
    print("accuracy", repr(float(metrics.accuracy_score(actual, predicted))), sep="\t")
    for name, row in per.items():
        kind = name.removesuffix(" avg")
        numbers = [row["precision"], row["recall"], row["f1-score"]]
        if kind == name:
            numbers.append(row["support"])
        print(kind if kind != name else "type " + name, *(repr(float(n)) for n in numbers), sep="\t")


rng = random.Random(7)
for mode in ["default", *SCHEMES]:
    letters = "OBI" if mode == "default" else SCHEMES[mode][1]
    for index in range(60):
        own = letters if mode != "default" or index < 30 else "OOBIESLUX."
        types = TYPES if index % 2 else TYPES[:2]
        report(mode, [pair(rng, own, types) for _ in range(rng.randrange(1, 6))])
report("default", [(["O", "O"], ["O", "O"])])
report("default", [(["O", "B-PER"], ["O", "O"])])
report("default", [(["NOUN", "VERB"], ["NOUN", "NOUN"]), (["X", "X"], ["X", "NOUN"])])
print(f"seqeval {metrics.__name__}", file=sys.stderr)
