"""Puts together what `evaluate --noise` says of each cell and seed, as a table, as scores.json, and as a picture: collect.py FOLDER"""

import json
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])
colors = {"lstm": "#0072b2", "gru": "#009e73", "rnn": "#d55e00"}
names = {"lstm": "LSTM", "gru": "GRU", "rnn": "simple RNN"}
accuracy, levels = {}, []
for cell in colors:
    runs = [json.loads((folder / f"{cell}-{seed}.json").read_text())["noise"] for seed in range(3)]
    levels = [row["noise"] for row in runs[0]]
    accuracy[cell] = [round(statistics.fmean(run[k]["accuracy"] for run in runs), 4) for k in range(len(levels))]
(folder / "scores.json").write_text(
    json.dumps({"task": "classify", "noise": levels, "accuracy_under_noise": accuracy}, indent=2) + "\n")

print("noise     " + "".join(f"{level:>8g}" for level in levels))
for cell, values in accuracy.items():
    print(f"{names[cell]:<10}" + "".join(f"{value:8.3f}" for value in values))

# The picture: accuracy over noise.
left, top, width, height = 64, 48, 520, 280
low = min(0.9, min(min(values) for values in accuracy.values()))
low = int(low * 20) / 20


def place(level, value):
    return left + width * level / levels[-1], top + height * (1 - (value - low) / (1 - low))


parts = [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 400" font-family="sans-serif" font-size="13" role="img">',
    '<rect width="720" height="400" fill="#ffffff"/>',
    '<text x="64" y="26" font-size="16" fill="#222222">Japanese vowels: accuracy with noise added to the test</text>',
]
ticks = [low + (1 - low) * k / 4 for k in range(5)]
for tick in ticks:
    _, y = place(0, tick)
    parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#dddddd"/>')
    parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{round(100 * tick, 1):g} %</text>')
for level in levels:
    x, y = place(level, low)
    parts.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle" fill="#555555">{level:g}</text>')
parts.append(
    f'<text x="{left + width / 2}" y="{top + height + 42}" text-anchor="middle" fill="#555555">'
    "size of the noise, in deviations of each channel</text>")
ends = sorted(((place(levels[-1], values[-1])[1], cell) for cell, values in accuracy.items()))
before = float("-inf")
for y, cell in ends:
    # Names that would lie on one another move apart.
    y = before = max(y, before + 16)
    parts.append(f'<text x="{left + width + 10}" y="{y + 4:.1f}" fill="{colors[cell]}">{names[cell]}</text>')
for cell, values in accuracy.items():
    points = " ".join("{:.1f},{:.1f}".format(*place(*pair)) for pair in zip(levels, values))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{colors[cell]}" stroke-width="2"/>')
(folder / "noise.svg").write_text("\n".join(parts) + "\n</svg>\n")
print(f"wrote {folder}/noise.svg")
