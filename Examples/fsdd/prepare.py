"""Writes train.csv, valid.csv and test.csv (path,label,speaker) by the official split: prepare.py DATA FOLDER

Recordings with index 0 to 4 are for the test; 5 to 9 judge the training; 10 to 49 are learned from.
"""

import csv
import pathlib
import sys

data, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
parts = {"test": [], "valid": [], "train": []}
for path in sorted((data / "recordings").resolve().glob("*.wav")):
    digit, speaker, index = path.stem.split("_")
    part = "test" if int(index) < 5 else "valid" if int(index) < 10 else "train"
    parts[part].append([path, digit, speaker])
for part, rows in parts.items():
    with open(folder / f"{part}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "label", "speaker"], *rows])
