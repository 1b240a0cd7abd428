"""Writes train.jsonl and test.jsonl: prepare.py DATA FOLDER"""

import json
import pathlib
import sys

data, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
for part, pattern in [("train", "train_*_full.json"), ("test", "validate_*.json")]:
    with open(folder / f"{part}.jsonl", "w", encoding="utf-8") as out:
        for path in sorted(data.glob(pattern)):
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                # One of the files is Latin-1.
                text = raw.decode("latin-1")
            for intent, queries in json.loads(text).items():
                for query in queries:
                    sentence = "".join(piece["text"] for piece in query["data"])
                    out.write(json.dumps({"text": sentence, "intent": intent}, ensure_ascii=False) + "\n")
