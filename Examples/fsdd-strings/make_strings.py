"""Strings of spoken digits from the Free Spoken Digit Dataset, as WAV files and manifests (path,text,speaker).

    python make_strings.py DATA FOLDER [--leave-out SPEAKER] [--train N] [--valid N] [--test N] [--seed N] [--words]

A string is 3 to 7 recordings of one speaker with silence of 0 to 0.25 s before, between and behind them, and white noise 15 to
30 dB below it. The official split: recordings with index 0 to 4 are for the test; of the others, 5 to 9 are held out for
validation and 10 to 49 for training; train_all.csv has strings of 5 to 49. With --leave-out, the strings of one speaker are the
test, with all of that speaker's recordings, and the others are split as before. DATA is the folder of the dataset.
"""

import argparse
import array
import csv
import math
import pathlib
import random
import sys
import wave

WORDS = "zero one two three four five six seven eight nine".split()
RATE = 8000

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--leave-out", metavar="SPEAKER", help="the speaker whose strings are the test")
parser.add_argument("--train", type=int, default=4000, help="strings for training (4000)")
parser.add_argument("--valid", type=int, default=300, help="strings for validation (300)")
parser.add_argument("--test", type=int, default=400, help="strings for the test (400)")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--words", action="store_true", help="texts are words, 'three one', not digits, '3 1'")
options = parser.parse_args()

recordings = {}
for path in sorted((options.data / "recordings").glob("*.wav")):
    digit, speaker, index = path.stem.split("_")
    recordings[speaker, int(index), int(digit)] = path
speakers = sorted({speaker for speaker, _, _ in recordings})
if not speakers:
    sys.exit(f"{options.data}/recordings: no recordings named like 7_jackson_32.wav")
if options.leave_out not in (None, *speakers):
    sys.exit(f"there is no speaker {options.leave_out!r}; there are {', '.join(speakers)}")

cache = {}


def samples(path):
    if path not in cache:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                sys.exit(f"{path}: not 16 bits, one channel, {RATE} Hz")
            cache[path] = array.array("h", file.readframes(file.getnframes()))
            if sys.byteorder == "big":
                cache[path].byteswap()
    return cache[path]


# Noise is cut from one long piece: drawing every sample anew would take minutes.
draw = random.Random(f"{options.seed} noise")
NOISE = [draw.gauss(0, 1) for _ in range(1 << 18)]


def string(rng, speaker, indices):
    """The digits and the samples of one string."""
    digits = [rng.randrange(10) for _ in range(rng.randint(3, 7))]
    sound = array.array("h")
    for digit in digits:
        sound.extend([0] * int(rng.uniform(0, 0.25) * RATE))
        sound.extend(samples(recordings[speaker, rng.choice(indices), digit]))
    sound.extend([0] * int(rng.uniform(0, 0.25) * RATE))
    power = sum(x * x for x in sound) / len(sound)
    level = math.sqrt(power / 10 ** (rng.uniform(15, 30) / 10))
    start = rng.randrange(len(NOISE) - len(sound))
    noise = NOISE[start : start + len(sound)]
    noisy = array.array("h", [max(-32768, min(32767, round(x + level * n))) for x, n in zip(sound, noise)])
    return digits, noisy


def make(name, count, speakers, indices):
    """Writes `count` strings of these speakers in turn, and their manifest."""
    rng = random.Random(f"{options.seed} {name} {options.leave_out}")
    (options.folder / name).mkdir(parents=True, exist_ok=True)
    with open(options.folder / f"{name}.csv", "w", newline="", encoding="utf-8") as manifest:
        table = csv.writer(manifest)
        table.writerow(["path", "text", "speaker"])
        for number in range(count):
            speaker = speakers[number % len(speakers)]
            digits, sound = string(rng, speaker, indices)
            path = f"{name}/{number:05d}.wav"
            if sys.byteorder == "big":
                sound.byteswap()
            with wave.open(str(options.folder / path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(sound.tobytes())
            text = " ".join(WORDS[digit] if options.words else str(digit) for digit in digits)
            table.writerow([path, text, speaker])


others = [speaker for speaker in speakers if speaker != options.leave_out]
make("train", options.train, others, range(10, 50))
make("train_all", options.train, others, range(5, 50))
make("valid", options.valid, others, range(5, 10))
if options.leave_out:
    make("test", options.test, [options.leave_out], range(50))
else:
    make("test", options.test, speakers, range(5))
print(f"wrote train, train_all, valid and test.csv to {options.folder}")
