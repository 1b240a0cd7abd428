"""Averages what `recurrent train music --json` says: collect.py NAME-SEED.json… [--out FILE.json]

Or writes the first eight beats of the first chorale of the test part as MIDI: collect.py --primer DATA.json FILE.mid
"""

import json
import pathlib
import statistics
import struct
import sys


def summary(paths):
    runs = [json.loads(path.read_text()) for path in paths]
    test = [run["test"] for run in runs]
    losses = [score["loss"] for score in test]
    mean = {key: statistics.fmean(score[key] for score in test)
            for key in ["loss", "loss_with_first_frame", "accuracy", "f1", "marginal_loss"]}
    return {
        "runs": len(runs), "test": mean, "test_losses": losses,
        "test_loss_deviation": statistics.stdev(losses) if len(losses) > 1 else 0.0,
        "valid_loss": statistics.fmean(run["validation"]["loss"] for run in runs),
        "parameters": runs[0]["parameters"], "seconds_each": statistics.fmean(run["seconds"] for run in runs),
    }


def primer(data, target):
    frames = json.loads(pathlib.Path(data).read_text())["test"][0][:8]
    body, wait = b"", 0
    for frame in frames:
        for pitch in frame:
            body += bytes([wait, 0x90, pitch, 80])
            wait = 0
        for index, pitch in enumerate(frame):
            body += bytes([96 if index == 0 else 0, 0x80, pitch, 64])
        wait += 0 if frame else 96
    body += b"\0\xff\x2f\0"
    pathlib.Path(target).write_bytes(
        b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(body)) + body)


if sys.argv[1] == "--primer":
    primer(*sys.argv[2:])
    sys.exit()
arguments = sys.argv[1:]
out = arguments.pop(arguments.index("--out") + 1) if "--out" in arguments else None
named = {}
for path in map(pathlib.Path, [one for one in arguments if one != "--out"]):
    named.setdefault(path.stem.rsplit("-", 1)[0], []).append(path)
found = {name: summary(paths) for name, paths in named.items()}
for name, score in found.items():
    print(f"{name}: {score['test']['loss']:.4f} nats a frame ({score['runs']} runs, deviation "
          f"{score['test_loss_deviation']:.4f}), with the first frame {score['test']['loss_with_first_frame']:.4f}, "
          f"accuracy {score['test']['accuracy']:.4f}, F1 {score['test']['f1']:.4f}, valid {score['valid_loss']:.4f}")
if out:
    pathlib.Path(out).write_text(json.dumps({"task": "music"} | found, indent=2))
