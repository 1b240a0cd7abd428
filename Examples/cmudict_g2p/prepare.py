"""Splits the CMU dictionary by word: prepare.py cmudict.dict OUT writes OUT/train.tsv, OUT/valid.tsv and OUT/test.tsv.

A line is a word and its pronunciation; in test.tsv, where every listed pronunciation counts, all of them. Stress is left out.
Every twentieth word of a fixed random order is for the test, every hundredth of the others for validation.
"""

import pathlib
import random
import re
import sys

source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
words = {}
for line in source.read_text(encoding="utf-8").splitlines():
    word, _, phonemes = line.partition("#")[0].strip().partition(" ")
    spoken = re.sub(r"\d", "", phonemes).strip()
    listed = words.setdefault(re.sub(r"\(\d+\)$", "", word), [])
    if spoken not in listed:
        listed.append(spoken)
order = sorted(words)
random.Random(1).shuffle(order)
out.mkdir(parents=True, exist_ok=True)
test = order[: len(order) // 20]
rest = order[len(order) // 20 :]
valid, train = rest[: len(rest) // 100], rest[len(rest) // 100 :]
for name, part in [("train", train), ("valid", valid)]:
    lines = [f"{word}\t{spoken}\n" for word in part for spoken in words[word]]
    (out / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
(out / "test.tsv").write_text("".join("\t".join([word, *words[word]]) + "\n" for word in test), encoding="utf-8")
print(f"{len(words)} words: {len(train)} to learn from, {len(valid)} for validation, {len(test)} for the test")
