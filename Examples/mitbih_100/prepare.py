"""Writes the WFDB record 100 with its samples: prepare.py DATA OUT

The data set holds the head, the annotations, and the samples as CSV; the samples are written in format 212 again, two of 12
bits in three bytes. The checksums of the head tell whether they are the archive's.
"""

import csv
import pathlib
import shutil
import sys

data, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(parents=True, exist_ok=True)
packed = bytearray()
with open(data / "signal.csv", newline="", encoding="utf-8") as file:
    rows = csv.reader(file)
    next(rows)
    for row in rows:
        a, b = (int(value) & 0xFFF for value in row)
        packed += bytes((a & 0xFF, a >> 8 | b >> 8 << 4, b & 0xFF))
(out / "100.dat").write_bytes(packed)
for name in ("100.hea", "100.atr"):
    shutil.copyfile(data / "original" / name, out / name)
