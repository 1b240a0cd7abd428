"""Draws the points of the speed protocol, once: Benchmarks/shapes.json, and the same in Swift for `recurrent bench`.

    python3 Benchmarks/draw_shapes.py            writes the files
    python3 Benchmarks/draw_shapes.py --check    says whether the files are what this script draws

About sixty points come from a grid of hidden sizes, batches and lengths by a fixed seed, before anything was measured and
whatever a measurement says later; the named ones are the shapes that a reader would ask for. Every batch and every hidden
size comes as often as any other; the rest of a point whose training step needs more than `LIMIT` floating-point operations
is drawn again, so that the whole protocol ends within hours.

    T time steps · B batch · I input size · H hidden size; `ragged`: lengths by `lengths(T, B)`; `projection`: the size of a
    projected hidden state; `variant`: peephole or layer-norm; `stream`: one step at a time with the state carried along.
"""
import json
import math
import pathlib
import random
import sys

PATH = pathlib.Path(__file__).resolve().parent / "shapes.json"
SWIFT = PATH.parent.parent / "Sources/RecurrentNN/Benchmarking/BenchmarkPoint+Protocol.swift"
SEED = 2026
COUNT = 60
LIMIT = 2e10

HIDDEN = [32, 64, 96, 100, 128, 192, 256, 384, 512, 650, 768, 1024, 1536, 2048]
BATCH = [1, 2, 4, 7, 8, 16, 20, 32, 64, 128]
STEPS = [1, 16, 50, 128, 512]
INPUT = [8, 32, 100, 256]


def lengths(steps, batch):
    """Ragged lengths: k steps with a probability of about 1/k (Zipf), the first sequence as long as all others at most.

    Whole numbers only, so that every language draws the same.
    """
    weights = [(1 << 20) // k for k in range(1, steps + 1)]
    total = sum(weights)
    drawn = [steps]
    for row in range(1, batch):
        bits = (row * 2654435761) & 0xFFFFFFFF
        bits ^= bits >> 15
        bits = (bits * 2246822519) & 0xFFFFFFFF
        bits ^= bits >> 13
        rest = bits % total
        k = 0
        while rest >= weights[k]:
            rest -= weights[k]
            k += 1
        drawn.append(k + 1)
    return drawn


def operations(point):
    """Floating-point operations of the products of one forward pass; a training step has three times as many."""
    directions = 2 if point.get("bidirectional") else 1
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[point.get("cell", "lstm")]
    rows = sum(lengths(point["T"], point["B"])) if point.get("ragged") else point["T"] * point["B"]
    hidden = point["H"]
    output = point.get("projection", hidden)
    total, inputs = 0, point["I"]
    for _ in range(point.get("layers", 1)):
        weights = gates * hidden * (inputs + output)
        if "projection" in point:
            weights += hidden * output
        total += 2 * rows * weights * directions
        inputs = directions * output
    return total


def deck(generator, values):
    """The values in a new order again and again, so that each comes as often as any other."""
    while True:
        order = list(values)
        generator.shuffle(order)
        yield from order


def draw(generator, batch, hidden):
    point = {"T": generator.choice(STEPS), "B": batch}
    point["I"] = hidden if generator.random() < 0.5 else generator.choice(INPUT)
    point["H"] = hidden
    kind = generator.random()
    point["layers"] = 1
    if kind < 0.1 and point["T"] > 1:
        point["variant"] = "peephole"
        return point
    point["layers"] = generator.choices([1, 2, 3, 4], [12, 5, 2, 1])[0]
    if generator.random() < 0.2:
        point["bidirectional"] = True
    if generator.random() < 0.2 and point["T"] > 1 and point["B"] > 1:
        point["ragged"] = True
    if generator.random() < 0.1:
        point["projection"] = point["H"] // 2
    return point


def named():
    rows = [
        ("layer", 50, 64, 256, 256, 1), ("zaremba-medium", 35, 20, 650, 650, 2), ("wide", 64, 32, 128, 512, 1),
        ("forecast", 168, 64, 8, 64, 1), ("forecast-deep", 336, 32, 32, 128, 2), ("single", 512, 1, 256, 256, 1),
        ("large", 128, 128, 1024, 1024, 1),
    ]
    points = [
        {"name": name, "T": t, "B": b, "I": i, "H": h, "layers": layers} for name, t, b, i, h, layers in rows]
    points += [
        {"name": f"stream-{h}", "T": 1, "B": 1, "I": h, "H": h, "layers": 1, "stream": True}
        for h in (128, 256, 512, 1024)]
    base = {"T": 50, "B": 64, "I": 256, "H": 256, "layers": 1}
    for name, change in [
        ("ragged", {"ragged": True}), ("bidirectional", {"bidirectional": True}), ("projection", {"projection": 128}),
        ("peephole", {"variant": "peephole"}), ("layer-norm", {"variant": "layer-norm"}),
    ]:
        points.append({"name": name, **base, **change})
    points += [{"name": cell, **base, "cell": cell} for cell in ("gru", "rnn")]
    return points


def drawn():
    generator = random.Random(SEED)
    points = []
    for batch, hidden in zip(deck(generator, BATCH), deck(generator, HIDDEN)):
        if len(points) == COUNT:
            return points
        point = draw(generator, batch, hidden)
        while 3 * operations(point) > LIMIT:
            point = draw(generator, batch, hidden)
        points.append({"name": f"drawn-{len(points) + 1:02}", **point})


def text():
    def lines(points):
        return ",\n".join("    " + json.dumps(point) for point in points)

    return (
        "{\n"
        f'  "seed": {SEED},\n  "limit_of_training_operations": {math.floor(LIMIT)},\n'
        f'  "named": [\n{lines(named())}\n  ],\n  "drawn": [\n{lines(drawn())}\n  ]\n}}\n')


def words(point):
    """The point as the benchmark of this package reads it."""
    parts = [point["name"], point.get("cell", "lstm")] + [f"{letter}={point[letter]}" for letter in "TBIH"]
    if point.get("layers", 1) != 1:
        parts.append(f"layers={point['layers']}")
    if point.get("bidirectional"):
        parts.append("directions=2")
    if "projection" in point:
        parts.append(f"projection={point['projection']}")
    if point.get("ragged"):
        parts.append("ragged")
    if "variant" in point:
        parts.append(point["variant"])
    if point.get("stream"):
        parts.append("stream")
    return " ".join(parts)


def swift():
    def lines(points):
        return "\n".join("        " + words(point) for point in points)

    return (
        "// Written by Benchmarks/draw_shapes.py, as Benchmarks/shapes.json.\n\n"
        "extension BenchmarkPoint {\n"
        "    /// The shapes that a reader would ask for.\n"
        f'    static let namedWords = """\n{lines(named())}\n        """\n\n'
        "    /// Drawn once from a grid by a fixed seed.\n"
        f'    static let drawnWords = """\n{lines(drawn())}\n        """\n'
        "}\n")


if __name__ == "__main__":
    for path, wanted in [(PATH, text()), (SWIFT, swift())]:
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted)
        elif not path.exists() or path.read_text() != wanted:
            sys.exit(f"{path.name} is not what Benchmarks/draw_shapes.py draws")
    if "--check" in sys.argv[1:]:
        print("the points are as drawn")
