"""Writes events.txt: pairs of beats as wfdb's compare_annotations counts them.

    pip install wfdb==4.3.1 && python make_events.py

A line: the positions that are there, those that were found, the tolerance, and how many of each are a pair.
"""

import pathlib
import random

import numpy as np
from wfdb.processing import compare_annotations

rng = random.Random(7)
lines = []
for number in range(60):
    there, place = [], 0
    for _ in range(rng.randrange(1, 40)):
        # Beats of a heart: half a second to a second apart at 360 samples a second, now and then early.
        place += rng.randrange(180, 360) if rng.random() < 0.9 else rng.randrange(110, 180)
        there.append(place)
    found = [max(0, beat + round(rng.gauss(0, 30))) for beat in there if rng.random() < 0.9]
    found = sorted(set(found + [rng.randrange(place + 200) for _ in range(rng.randrange(4))]))
    tolerance = rng.choice((18, 54, 54, 72))
    # The window is half a sample wider: wfdb takes distances below it, we those up to the tolerance.
    counted = compare_annotations(np.array(there), np.array(found), tolerance + 0.5)
    lines.append("\t".join((" ".join(map(str, there)), " ".join(map(str, found)), str(tolerance), str(counted.tp))))
path = pathlib.Path(__file__).with_name("events.txt")
path.write_text("\n".join(lines) + "\n", encoding="utf-8")
