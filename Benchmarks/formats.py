"""How fast a large safetensors file is read, beside Python's safetensors and a plain read of the same bytes.

    python3 Benchmarks/formats.py [--gigabytes 2] [--rounds 5] [--program .build/release/recurrent]

Needs numpy and safetensors in the Python that runs it. The file lies in the page cache: a plain read of it is as fast as
this machine reads a file at all. `recurrent info FILE --statistics` reads every number of every tensor and computes count,
least, greatest and mean, which is more than loading; Python loads every tensor into memory of its own. All take turns
within each round, each in a process of its own, whose time (start included) and peak memory are taken; the median and the
best of the rounds are written to Benchmarks/results/formats.json.
"""

import argparse
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

PLAIN = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
memory = [bytearray(1 << 18)]
while os.readv(file, memory): pass
"""
LOAD = """
import sys
from safetensors import safe_open
with safe_open(sys.argv[1], "numpy") as file:
    for name in file.keys():
        tensor = file.get_tensor(name)
"""
STATISTICS = """
import sys
import numpy as np
from safetensors import safe_open
with safe_open(sys.argv[1], "numpy") as file:
    for name in file.keys():
        tensor = file.get_tensor(name)
        finite = np.isfinite(tensor)
        print(name, finite.sum(), tensor.min(), tensor.max(), tensor.mean(dtype=np.float64))
"""


def write_file(path, size):
    """Tensors as language models have them: many of 64 MiB and some small ones, float32, of one block of random numbers."""
    block = bytearray(os.urandom(1 << 22))
    for k in range(3, len(block), 4):  # exponents near that of 1: every number is finite
        block[k] = 0x3F if block[k] & 1 else 0xBF
    shapes = [[4096, 4096]] * (size // (1 << 26)) + [[4096]] * 40
    header, end = {}, 0
    for index, shape in enumerate(shapes):
        begin = end
        end += 4 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[f"layers.{index}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        left = end
        while left > 0:
            file.write(block[: min(left, len(block))])
            left -= len(block)
    return os.path.getsize(path), len(shapes)


def measure(command):
    """Seconds on the wall and of the processor, peak memory in MB, and the output."""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        if status != 0:
            raise SystemExit(f"{command} ended with {status}")
        output.seek(0)
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read().decode()


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", default=os.path.join(HERE, "../.build/release/recurrent"))
    parser.add_argument("--folder", default=None, help="where the file is written; it must hold it twice in memory")
    options = parser.parse_args()
    import numpy
    import safetensors

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = os.path.join(folder, "large.safetensors")
        size, count = write_file(path, int(options.gigabytes * 2**30))
        commands = {
            "plain read": [sys.executable, "-c", PLAIN, path],
            "recurrent info --statistics": [options.program, "info", path, "--statistics"],
            "safetensors, load": [sys.executable, "-c", LOAD, path],
            "safetensors and numpy, statistics": [sys.executable, "-c", STATISTICS, path],
        }
        measure(commands["plain read"])  # into the page cache
        results = {name: [] for name in commands}
        load = []
        for _ in range(options.rounds):
            for name, command in commands.items():
                results[name].append(measure(command)[:3])
            load.append(os.getloadavg()[0])
        ours = measure(commands["recurrent info --statistics"])[3].splitlines()[0].split("\t")
    report = {
        "what": "reading a safetensors file from the page cache",
        "file": {"bytes": size, "tensors": count},
        "machine": {"processor": processor(), "cpus": os.cpu_count(), "load": load},
        "versions": {"python": platform.python_version(), "numpy": numpy.__version__, "safetensors": safetensors.__version__},
        "command": "python3 Benchmarks/formats.py " + " ".join(sys.argv[1:]),
        "rounds": options.rounds,
        "results": {},
    }
    for name, rounds in results.items():
        seconds = [r[0] for r in rounds]
        report["results"][name] = {
            "seconds": [round(s, 4) for s in seconds],
            "gigabytes_per_second": round(size / statistics.median(seconds) / 1e9, 3),
            "best_gigabytes_per_second": round(size / min(seconds) / 1e9, 3),
            "processor_seconds": [round(r[1], 4) for r in rounds],
            "peak_memory_mb": round(max(r[2] for r in rounds), 1),
        }
    plain = results["plain read"]
    ratios = [a[0] / b[0] for a, b in zip(plain, results["recurrent info --statistics"])]
    report["speed_relative_to_plain_read"] = round(statistics.median(ratios), 3)
    load_ratios = [a[0] / b[0] for a, b in zip(results["safetensors, load"], results["recurrent info --statistics"])]
    report["speed_relative_to_safetensors_load"] = round(statistics.median(load_ratios), 3)
    report["first_line"] = ours
    text = json.dumps(report, indent=2) + "\n"
    with open(os.path.join(HERE, "results/formats.json"), "w") as file:
        file.write(text)
    print(text)


main()
