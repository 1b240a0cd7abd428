"""Turns the files of Snips 2017 into columns: prepare.py DATA FOLDER writes FOLDER/train.conll and FOLDER/validate.conll.

Commands are cut into words and signs without regard to their slots; a word that begins within a slot belongs to it.
"""

import json
import pathlib
import re
import sys

source, target = map(pathlib.Path, sys.argv[1:])


def text_of(path):
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # train_PlayMusic_full.json


def sentences(path):
    for commands in json.loads(text_of(path)).values():
        for command in commands:
            text, slots = "", []
            for piece in command["data"]:
                if "entity" in piece:
                    slots.append((len(text), len(text) + len(piece["text"]), piece["entity"]))
                text += piece["text"]
            lines, last = [], None
            for word in re.finditer(r"\w+|[^\w\s]", text):
                slot = next((s for s in slots if s[0] <= word.start() < s[1]), None)
                lines.append(f"{word.group()} " + (f"{'I' if slot == last else 'B'}-{slot[2]}" if slot else "O"))
                last = slot
            yield "\n".join(lines)


target.mkdir(parents=True, exist_ok=True)
for name, pattern in [("train", "train_*_full.json"), ("validate", "validate_*.json")]:
    found = [sentence for path in sorted(source.glob(pattern)) for sentence in sentences(path)]
    (target / f"{name}.conll").write_text("\n\n".join(found) + "\n", encoding="utf-8")
    print(f"{name}: {len(found)} sentences", file=sys.stderr)
