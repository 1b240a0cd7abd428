"""What every peer of the speed protocol shares: points, files of numbers, errors, and the answering of commands."""
import json
import pathlib
import struct
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from draw_shapes import lengths  # noqa: E402


class Unsupported(Exception):
    """The peer has no such network."""


class Point:
    """A point from its words, as `draw_shapes.words` writes them."""

    def __init__(self, text):
        words = text.split()
        self.name, self.cell = words[:2]
        sizes = dict(word.split("=") for word in words[2:] if "=" in word)
        flags = {word for word in words[2:] if "=" not in word}
        self.steps, self.batch, self.input, self.hidden = (int(sizes[letter]) for letter in "TBIH")
        self.layers = int(sizes.get("layers", 1))
        self.directions = int(sizes.get("directions", 1))
        self.projection = int(sizes.get("projection", 0))
        self.variant = next(iter(flags & {"peephole", "layer-norm"}), "standard")
        self.stream = "stream" in flags
        self.lengths = lengths(self.steps, self.batch) if "ragged" in flags else None
        self.output = self.projection or self.hidden

    def places(self):
        """The suffix of the parameters of every layer and direction."""
        for layer in range(self.layers):
            for direction in range(self.directions):
                yield layer, direction, f"_l{layer}" + ("_reverse" if direction else "")

    def mask(self):
        """1 where a step is one of its sequence, [T, B, 1]."""
        if self.lengths is None:
            return np.ones((self.steps, self.batch, 1), bool)
        return (np.arange(self.steps)[:, None] < np.array(self.lengths)[None, :])[:, :, None]


def read_safetensors(path):
    """The float32 tensors of a file, by name."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
    return tensors


NORMS = {"greatest": lambda tensor: np.abs(tensor).max(), "rms": lambda tensor: np.sqrt(np.square(tensor).mean())}


def errors(values, exact):
    """Of each tensor the largest error relative to its largest entry, and the root of the mean squares of both."""
    found = {}
    for name, value in values.items():
        reference = exact.get("y" if name == "y.training" else name)
        if reference is None:
            continue
        error = np.asarray(value, np.float64) - reference
        found[name] = {}
        for kind, norm in NORMS.items():
            size = norm(reference)
            found[name][kind] = float(norm(error) / size) if size > 0 else float(norm(error))
    return found


def fastest(forms, trials=3):
    """Of some ways to do the same the fastest that works, and its name; each is tried a few times."""
    if len(forms) == 1:
        return forms[0]
    best, failures = None, []
    for name, form in forms:
        try:
            form()
            times = []
            for _ in range(trials):
                before = time.perf_counter()
                form()
                times.append(time.perf_counter() - before)
                if times[0] > 2:
                    break
        except Exception as failure:  # noqa: BLE001: a form that does not work here is left out
            failures.append(f"{name}: {type(failure).__name__}: {failure}")
            continue
        if best is None or min(times) < best[0]:
            best = (min(times), name, form)
    if best is None:
        raise Unsupported("; ".join(failures))
    return best[1], best[2]


def timed(run, limit, samples):
    """Seconds of a pass: samples of a few passes each, as this package's side takes them."""
    def several(passes):
        before = time.perf_counter()
        for _ in range(passes):
            run()
        return time.perf_counter() - before

    start = time.perf_counter()
    first = several(1)
    passes = max(1, int(limit / samples / max(first, 1e-7)))
    times = [first] if passes == 1 else []
    while not times or time.perf_counter() - start < limit:
        times.append(several(passes) / passes)
    return times


def answer(peer, line, memory):
    """What a peer says to one command of the driver."""
    command, _, rest = line.partition(" ")
    if command == "version":
        return peer.version()
    if command == "load":
        path, _, text = rest.partition(" ")
        memory.clear()
        memory["point"], memory["numbers"] = Point(text), read_safetensors(path)
        peer.load(memory["point"], memory["numbers"])
        return "ok"
    if command == "exact":
        # Float64 results for everyone, and the errors of what this package put into the file.
        numbers = memory["numbers"]
        exact = peer.exact(memory["point"], numbers)
        np.savez(rest, **exact)
        return errors({name: value for name, value in numbers.items() if name.startswith(("y", "d."))}, exact)
    if command == "check":
        with np.load(rest) as exact:
            return errors(peer.results(), dict(exact))
    if command == "time":
        mode, limit, samples = rest.split()
        if mode not in memory:
            memory[mode] = fastest(peer.forms(mode))
        name, run = memory[mode]
        return {"form": name, "times": timed(run, float(limit), int(samples))}
    if command == "latency":
        run, times = memory["step"][1], []
        for _ in range(int(rest)):
            before = time.perf_counter()
            run()
            times.append(time.perf_counter() - before)
        return [float(q) for q in np.quantile(times, [0.5, 0.99, 0.999, 1])]
    return {"error": f"'{line}' is no command"}


def serve(peer):
    """Answers the driver until it has no more to ask. What libraries print goes to standard error."""
    channel, memory = sys.stdout, {}
    sys.stdout = sys.stderr
    print("ready", file=channel, flush=True)
    for line in sys.stdin:
        try:
            said = answer(peer, line.strip(), memory)
        except Unsupported as reason:
            said = {"unsupported": str(reason)}
        except Exception as failure:  # noqa: BLE001: the driver goes on without this peer
            said = {"error": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(said), file=channel, flush=True)
