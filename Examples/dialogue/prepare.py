"""Lines and their answers, out of plays: prepare.py PLAYS FOLDER writes train.tsv and test.tsv, a line TAB its answer.

A pair is the end of one speech and the beginning of the next, as long as both are short. The last twentieth is for testing.
"""
import pathlib
import re
import sys

WORDS = 14


def speeches(text):
    for block in text.split("\n\n"):
        lines = block.strip().split("\n")
        if len(lines) > 1 and lines[0].endswith(":"):
            yield " ".join(line.strip() for line in lines[1:])


def sentences(speech):
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", speech.replace("--", " - ")) if s.strip()]


plays, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
parts = [sentences(speech) for speech in speeches(plays.read_text(encoding="utf-8"))]
pairs = [(said[-1], answer[0]) for said, answer in zip(parts, parts[1:]) if said and answer]
pairs = [pair for pair in pairs if all(len(text.split()) <= WORDS for text in pair)]
folder.mkdir(parents=True, exist_ok=True)
cut = len(pairs) * 19 // 20
for name, some in [("train", pairs[:cut]), ("test", pairs[cut:])]:
    (folder / f"{name}.tsv").write_text("".join(f"{said}\t{answer}\n" for said, answer in some), encoding="utf-8")
print(f"{cut} pairs to learn from, {len(pairs) - cut} to judge")
