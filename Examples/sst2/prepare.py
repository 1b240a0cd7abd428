"""Writes train.tsv, dev.tsv and test.tsv: prepare.py DATA FOLDER"""

import pathlib
import sys

data, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
for part in ["train", "dev", "test"]:
    with open(folder / f"{part}.tsv", "w", encoding="utf-8") as out:
        out.write("text\tlabel\n")
        for line in open(data / f"stsa.binary.{part}", encoding="utf-8"):
            out.write(f"{line[2:].rstrip()}\t{'positive' if line[0] == '1' else 'negative'}\n")
