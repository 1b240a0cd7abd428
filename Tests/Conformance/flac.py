"""FLAC streams of every kind beside libFLAC: a small encoder that draws at random what encoders seldom write.

    RECURRENT=path/of/recurrent python flac.py

Every subframe type, predictor order, partition order, escaped partition, wasted bit, channel mode, block size and depth from 4 to 32
bits; decoded by soundfile (libFLAC) and by us to the same numbers. Damaged and cut streams are refused or read as far as they
go. Prints what it counted; ends with 1 where anything differs.
"""

import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import soundfile
from safetensors.numpy import load_file

problems = []
counts = {}


def crc(data, polynomial, width):
    rest = 0
    for byte in data:
        rest ^= byte << (width - 8)
        for _ in range(8):
            rest = (rest << 1 ^ (polynomial if rest >> (width - 1) else 0)) & ((1 << width) - 1)
    return rest


class Bits:
    def __init__(self):
        self.value, self.count, self.bytes = 0, 0, bytearray()

    def put(self, value, width):
        self.value = self.value << width | (value & ((1 << width) - 1))
        self.count += width
        while self.count >= 8:
            self.count -= 8
            self.bytes.append(self.value >> self.count & 255)
        self.value &= (1 << self.count) - 1

    def unary(self, zeros):
        while zeros > 32:
            self.put(0, 32)
            zeros -= 32
        self.put(1, zeros + 1)

    def align(self):
        if self.count:
            self.put(0, 8 - self.count)


def count(what):
    counts[what] = counts.get(what, 0) + 1


def residual(rng, bits, values, order, size):
    """The remainder in partitions of Rice codes or of plain numbers."""
    possible = [p for p in range(9) if size % (1 << p) == 0 and size >> p >= max(order, 1)]
    partitions = rng.choice(possible)
    # Parameters of four bits end at 14: larger remainders would take too many zeros.
    wide = rng.random() < 0.5 or max((abs(v) for v in values), default=0) >= 1 << 26
    count(f"partition order {partitions}")
    bits.put(int(wide), 2)
    bits.put(partitions, 4)
    start = 0
    for index in range(1 << partitions):
        part = values[start : (index + 1) * (size >> partitions) - order]
        start += len(part)
        folded = [2 * v if v >= 0 else -2 * v - 1 for v in part]
        mean = sum(folded) / max(1, len(part))
        parameter = min(30 if wide else 14, max(0, int(mean).bit_length() + rng.randint(-2, 1)))
        plain = max((int(v).bit_length() + 1 if v >= 0 else int(-v - 1).bit_length() + 1 for v in part), default=0)
        if not any(part):
            plain = 0
        if plain < 32 and (rng.random() < 0.2 or max(folded, default=0) >> parameter > 5000):
            count("escaped partition")
            bits.put(31 if wide else 15, 5 if wide else 4)
            bits.put(plain, 5)
            for v in part:
                bits.put(v, plain)
            continue
        while max(folded, default=0) >> parameter > 100000:
            parameter += 1
        assert parameter < (31 if wide else 15)
        bits.put(parameter, 5 if wide else 4)
        for v in folded:
            bits.unary(v >> parameter)
            bits.put(v, parameter)


def predicted(samples, order, coefficients, shift):
    out = []
    for n in range(order, len(samples)):
        total = sum(c * samples[n - 1 - k] for k, c in enumerate(coefficients))
        out.append(samples[n] - (total >> shift))
    return out


FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]]


def subframe(rng, bits, samples, depth):
    size = len(samples)
    wasted = 0
    while wasted < depth - 1 and any(samples) and all(s >> wasted & 1 == 0 for s in samples):
        wasted += 1
    wasted = rng.choice([0, wasted])
    if wasted:
        count("wasted bits")
    samples = [s >> wasted for s in samples]
    depth -= wasted
    kinds = ["verbatim", "fixed", "linear"]
    if len(set(samples)) == 1:
        kinds += ["constant"] * 5
    kind = rng.choice(kinds)
    order = 0
    coefficients, shift, precision = [], 0, 0
    remainder = []
    if kind == "fixed":
        order = rng.randint(0, min(4, size))
        coefficients = FIXED[order]
    elif kind == "linear":
        order = rng.randint(1, min(32, size)) if size else 0
        precision = rng.randint(2, 15)
        shift = rng.randint(0, min(14, precision))
        limit = 1 << (precision - 1)
        base = FIXED[min(order, rng.randint(1, 4))]
        coefficients = [max(-limit, min(limit - 1, round(c * (1 << shift)))) for c in base] + [0] * 32
        coefficients = coefficients[:order]
        if rng.random() < 0.5:
            coefficients[-1] = max(-limit, min(limit - 1, coefficients[-1] + rng.randint(-2, 2)))
    if kind in ("fixed", "linear"):
        remainder = predicted(samples, order, coefficients, shift)
        # Remainders have 32 bits at most.
        if any(not -(1 << 31) < v < (1 << 31) for v in remainder):
            kind = "verbatim"
    count(kind if kind in ("constant", "verbatim") else f"{kind} {order}")
    code = {"constant": 0, "verbatim": 1, "fixed": 8 + order, "linear": 31 + order}[kind]
    bits.put(code << 1 | (wasted > 0), 8)
    if wasted:
        bits.unary(wasted - 1)
    if kind == "constant":
        bits.put(samples[0], depth)
        return
    for s in samples if kind == "verbatim" else samples[:order]:
        bits.put(s, depth)
    if kind == "verbatim":
        return
    if kind == "linear":
        bits.put(precision - 1, 4)
        bits.put(shift, 5)
        for c in coefficients:
            bits.put(c, precision)
    residual(rng, bits, remainder, order, size)


def coded_number(value):
    if value < 128:
        return bytes([value])
    tail = []
    length = 2
    while value >= 1 << (5 * length + 1):
        length += 1
    for _ in range(length - 1):
        tail.append(0x80 | value & 63)
        value >>= 6
    return bytes([(0xFF << (8 - length)) & 255 | value, *reversed(tail)])


RATES = {88200: 1, 176400: 2, 192000: 3, 8000: 4, 16000: 5, 22050: 6, 24000: 7, 32000: 8, 44100: 9, 48000: 10, 96000: 11}
DEPTHS = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}


def frame(rng, channels, number, rate, depth):
    """A frame of lists of samples; `number` counts frames."""
    size = len(channels[0])
    bits = Bits()
    bits.put(0xFFF8, 16)
    sizes = {192: 1, **{576 << k: 2 + k for k in range(4)}, **{256 << k: 8 + k for k in range(8)}}
    size_code = sizes.get(size, 6 if size <= 256 and rng.random() < 0.5 else 7)
    rate_code = rng.choice([0, RATES.get(rate, 0)])
    if rate_code == 0 and rng.random() < 0.5:
        rate_code = 12 if rate % 1000 == 0 and rate < 256000 else 13 if rate < 65536 else 14 if rate % 10 == 0 else 0
    mode = len(channels) - 1
    if len(channels) == 2:
        mode = rng.choice([1, 8, 9, 10])
        count(f"channel mode {mode}")
    bits.put(size_code, 4)
    bits.put(rate_code, 4)
    bits.put(mode, 4)
    bits.put(rng.choice([0, DEPTHS.get(depth, 0)]), 3)
    bits.put(0, 1)
    for byte in coded_number(number):
        bits.put(byte, 8)
    if size_code in (6, 7):
        bits.put(size - 1, 8 if size_code == 6 else 16)
    if rate_code >= 12:
        bits.put({12: rate // 1000, 13: rate, 14: rate // 10}[rate_code], 8 if rate_code == 12 else 16)
    bits.put(crc(bits.bytes, 0x07, 8), 8)
    if mode > 7:
        left, right = channels
        side = [a - b for a, b in zip(left, right)]
        channels = {8: [left, side], 9: [side, right], 10: [[(a + b) >> 1 for a, b in zip(left, right)], side]}[mode]
    for index, samples in enumerate(channels):
        is_side = (mode, index) in {(8, 1), (9, 0), (10, 1)}
        subframe(rng, bits, samples, depth + is_side)
    bits.align()
    bits.put(crc(bits.bytes, 0x8005, 16), 16)
    return bytes(bits.bytes)


def signal(rng, size, depth):
    """Samples of a channel: a tone with noise, a ramp, silence, extremes, or numbers with zeros at their ends."""
    top = 1 << (depth - 1)
    kind = rng.randrange(6)
    if kind == 0:
        return [rng.choice([0, top - 1, -top])] * size
    if kind == 1:
        return [rng.randrange(-top, top) for _ in range(size)]
    if kind == 2:
        step = rng.randint(1, 8)
        return [(n * step) % (2 * top) - top for n in range(size)]
    loud, noise = rng.uniform(0, 0.9) * top, rng.uniform(0, 0.05) * top
    pace = rng.uniform(0.001, 2)
    tone = [loud * np.sin(pace * n) + rng.gauss(0, noise) for n in range(size)]
    tone = [max(-top, min(top - 1, round(t))) for t in tone]
    if kind == 3:
        zeros = rng.randint(1, depth - 1)
        return [t >> zeros << zeros for t in tone]
    return tone


def stream(rng, depth):
    rate = rng.choice([*RATES, 11025, 12345, 65530, 5000])
    channels = rng.choice([1, 2, 2, 2, 3, 8])
    block = rng.choice([16, 17, 192, 256, 576, 100, 300, 512])
    blocks = rng.randint(1, 4)
    last = rng.choice([block, rng.randint(1, block)])
    data, frames, total = [[] for _ in range(channels)], [], 0
    # Numbers of frames grow to seven bytes only in long recordings.
    for index in range(blocks):
        size = last if index == blocks - 1 else block
        parts = [signal(rng, size, depth) for _ in range(channels)]
        if channels == 2 and rng.random() < 0.3:
            parts[1] = list(parts[0])
        frames.append(frame(rng, parts, index, rate, depth))
        for channel, part in zip(data, parts):
            channel += part
        total += size
    width = (depth + 7) // 8
    plain = b"".join(int(data[c][n]).to_bytes(width, "little", signed=True) for n in range(total) for c in range(channels))
    info = Bits()
    for value, bits in [
        (block, 16), (block, 16), (0, 24), (0, 24), (rate, 20), (channels - 1, 3), (depth - 1, 5), (rng.choice([total, 0]), 36),
    ]:
        info.put(value, bits)
    info = bytes(info.bytes) + (hashlib.md5(plain).digest() if rng.random() < 0.8 else bytes(16))
    extra = b"\x81" + (9).to_bytes(3, "big") + b"x" * 9
    head = b"fLaC" + (b"\x00" if rng.random() < 0.5 else b"\x80") + (34).to_bytes(3, "big") + info
    if head[4] == 0:
        head += extra
    return head + b"".join(frames), np.array(data).T, depth


rng = random.Random(7)
files, truths = [], []
with tempfile.TemporaryDirectory() as folder:
    for number in range(300):
        depth = rng.choice([8, 12, 16, 16, 16, 20, 24, 24, 24, 32, rng.randint(4, 32)])
        data, samples, depth = stream(rng, depth)
        path = pathlib.Path(folder, f"{number}.flac")
        path.write_bytes(data)
        files.append(path)
        truths.append(samples / 2.0 ** (depth - 1))
        count(f"depth {depth}")
    damaged = []
    for number in range(150):
        data = bytearray(files[number].read_bytes())
        kind = ["cut", "flipped"][number % 2]
        if kind == "cut":
            data = data[: rng.randrange(4, len(data))]
        else:
            data[rng.randrange(42, len(data))] ^= 1 << rng.randrange(8)
        path = pathlib.Path(folder, f"damaged-{number}.flac")
        path.write_bytes(data)
        damaged.append((path, kind, truths[number]))
    every = files + [path for path, _, _ in damaged]
    source, target = pathlib.Path(folder, "list.jsonl"), pathlib.Path(folder, "answers.jsonl")
    source.write_text("".join(
        json.dumps({"operation": "read", "path": str(path), "output": str(path) + ".safetensors"}) + "\n" for path in every))
    subprocess.run([os.environ["RECURRENT"], "conformance", "audio", source, target], check=True, timeout=600)
    answers = [json.loads(line) for line in target.read_text().splitlines()]

    judged = 0
    for path, truth, answer in zip(files, truths, answers):
        if "error" in answer:
            problems.append(f"{path.name}: {answer['error']}")
            continue
        ours = load_file(str(path) + ".safetensors")["y"]
        if ours.shape != truth.shape or not np.array_equal(ours, truth):
            problems.append(f"{path.name}: our samples are not those that were coded")
        try:
            theirs, rate = soundfile.read(path, frames=len(truth), always_2d=True)
        except soundfile.LibsndfileError:
            continue
        # libsndfile gives fewer than all samples of streams whose length is not stated, and nothing of some depths.
        if theirs.shape == truth.shape:
            judged += 1
            if not np.array_equal(ours, theirs) or rate != answer["rate"]:
                problems.append(f"{path.name}: soundfile decodes other samples")
    refused = partly = 0
    for (path, kind, truth), answer in zip(damaged, answers[len(files) :]):
        if "error" in answer:
            refused += 1
            continue
        ours = load_file(str(path) + ".safetensors")["y"]
        same = len(ours) <= len(truth) and np.array_equal(ours, truth[: len(ours)])
        # A changed bit of metadata that nobody reads changes nothing; a cut within them neither.
        if not same:
            problems.append(f"{path.name}: {kind}, read as other samples without a word")
        elif len(ours) < len(truth) and not answer["notes"]:
            problems.append(f"{path.name}: {kind}, {len(ours)} of {len(truth)} samples without a note")
        partly += 1
print(f"FLAC: {len(files)} random streams decoded to what was coded, {judged} of them by soundfile, too")
print(f"FLAC: {len(damaged)} damaged: {refused} refused, {partly} read as far as they go")
orders = {kind: len([name for name in counts if name.startswith(kind + " ")]) for kind in ["fixed", "linear", "depth"]}
print(
    f"FLAC: subframes constant × {counts['constant']}, verbatim × {counts['verbatim']}, {orders['fixed']} fixed and "
    f"{orders['linear']} linear orders, {orders['depth']} depths, every channel mode, "
    f"escaped partitions × {counts['escaped partition']}, wasted bits × {counts['wasted bits']}"
)
for problem in problems[:10]:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
