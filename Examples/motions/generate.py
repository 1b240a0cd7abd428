"""Writes clips of moving digits as a stack of frames: generate.py MNIST OUT

Eight motions of one digit in a frame of 32 × 32 pixels over 14 frames: it bounces between left and right, up and down, along
either diagonal; it goes round with the clock or against it; it swells and shrinks; it trembles where it stands. The training
clips show digits of MNIST's training pictures, the test clips those of its test pictures, which were written by other people.
"""

import gzip
import math
import pathlib
import random
import struct
import sys

MOTIONS = ["across", "up-and-down", "rising-diagonal", "falling-diagonal", "clockwise", "anticlockwise", "pulsing", "trembling"]
SIZE, STEPS = 32, 14


def pictures(path):
    with gzip.open(path, "rb") as file:
        _, count, rows, columns = struct.unpack(">4I", file.read(16))
        data = file.read(count * rows * columns)
    return [data[index * 784:(index + 1) * 784] for index in range(count)]


def drawn(picture, centre_x, centre_y, size):
    """A frame with the digit shrunk to `size` pixels around a centre."""
    frame = bytearray(SIZE * SIZE)
    scale = 28 / size
    left, top = centre_x - size / 2, centre_y - size / 2
    for y in range(max(0, math.floor(top)), min(SIZE, math.ceil(top + size))):
        for x in range(max(0, math.floor(left)), min(SIZE, math.ceil(left + size))):
            total = count = 0
            # The mean of four places of the pixel.
            for dy in (0.25, 0.75):
                for dx in (0.25, 0.75):
                    row, column = int((y + dy - top) * scale), int((x + dx - left) * scale)
                    if 0 <= row < 28 and 0 <= column < 28:
                        total += picture[row * 28 + column]
                    count += 1
            frame[y * SIZE + x] = total // count
    return bytes(frame)


def bounced(place, low, high):
    """A place that walls send back."""
    span = high - low
    place = (place - low) % (2 * span)
    return low + (place if place <= span else 2 * span - place)


def clip(picture, motion, rng):
    size = rng.uniform(13, 17)
    low, high = size / 2, SIZE - size / 2
    x, y = rng.uniform(low, high), rng.uniform(low, high)
    speed = rng.uniform(1.2, 2.8) * rng.choice((-1, 1))
    radius, angle = rng.uniform(4, 7), rng.uniform(0, 2 * math.pi)
    turn = rng.uniform(0.3, 0.6)
    frames = []
    for step in range(STEPS):
        a, b, own = x, y, size
        moved = speed * step
        if motion == 0:
            a = bounced(x + moved, low, high)
        elif motion == 1:
            b = bounced(y + moved, low, high)
        elif motion == 2:
            a, b = bounced(x + moved, low, high), SIZE - bounced(x + moved, low, high) + (y - 16) * 0.2
        elif motion == 3:
            a, b = bounced(x + moved, low, high), bounced(x + moved, low, high) + (y - 16) * 0.2
        elif motion in (4, 5):
            now = angle + (turn if motion == 4 else -turn) * step
            a, b = 16 + (x - 16) * 0.2 + radius * math.cos(now), 16 + (y - 16) * 0.2 + radius * math.sin(now)
        elif motion == 6:
            own = size * (1 + 0.35 * math.sin(angle + 2 * turn * step))
        else:
            a, b = x + rng.uniform(-1.2, 1.2), y + rng.uniform(-1.2, 1.2)
        frames.append(drawn(picture, a, b, own))
    return b"".join(frames)


def stack(path, digits, count, seed):
    rng = random.Random(seed)
    shape = (count, STEPS, SIZE, SIZE)
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    names = []
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for number in range(count):
            motion = number % len(MOTIONS)
            names.append(MOTIONS[motion])
            file.write(clip(digits[rng.randrange(len(digits))], motion, rng))
    path.with_suffix(".txt").write_text("\n".join(names) + "\n", encoding="utf-8")


data, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(parents=True, exist_ok=True)
stack(out / "train.npy", pictures(data / "train-images-idx3-ubyte.gz"), 4000, 1)
stack(out / "test.npy", pictures(data / "t10k-images-idx3-ubyte.gz"), 800, 2)
