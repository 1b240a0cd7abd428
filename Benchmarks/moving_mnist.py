"""Moving MNIST: trains a ConvLSTM and a fully connected LSTM, judges both beside a copy of the last frame, draws a picture.

    python3 Benchmarks/moving_mnist.py [--data ../shared/data/mnist] [--work .build/moving-mnist] [--only PART]

Training goes on from its last checkpoint when the command is given again. Results go to results/moving-mnist.json, the
picture to ../Documentation/moving-mnist.svg. Only the standard library is needed.
"""
import argparse
import base64
import gzip
import json
import os
import pathlib
import platform
import struct
import subprocess
import zlib

here = pathlib.Path(__file__).resolve().parent
root = here.parent

# The network and its options. Results do not depend on the number of threads. The fully connected LSTM sees more
# sequences: 112,000 against 96,000.
RECIPES = {
    "conv": ("conv", "--channels 32 --kernels 5 --features 128 --batch 4 --steps 24000 --rate 3e-3 --focus 18000 "
                     "--check 200"),
    "dense": ("dense", "--hidden 512 --batch 16 --steps 7000 --rate 3e-3"),
}


def unpack(source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"]:
        if not (folder / name).exists():
            (folder / name).write_bytes(gzip.decompress((source / (name + ".gz")).read_bytes()))


def tensors(path):
    """The tensors of a safetensors file of float32, as (shape, values)."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    result = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            raw = data[8 + size + begin : 8 + size + end]
            result[name] = (entry["shape"], struct.unpack(f"<{len(raw) // 4}f", raw))
    return result


def png(width, height, rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def strip(values, steps, batch, row):
    """Frames of one sequence side by side, with a light line between them."""
    frames = []
    for step in range(steps):
        start = (step * batch + row) * 4096
        frames.append([round(255 * min(1, max(0, v))) for v in values[start : start + 4096]])
    lines = [b"\x80".join(bytes(frame[y * 64 : y * 64 + 64]) for frame in frames) for y in range(64)]
    return png(65 * steps - 1, 64, lines)


def picture(conv, dense, figures, path):
    (steps, count, _, _), frames = conv["frames"]
    tile, left, gap = 65 * 10, 168, 4
    shown = min(count, 2)
    height = 34 + shown * (5 * (64 + gap) + 22)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + tile + 8}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<title>Moving MNIST: frames seen, frames to come, and three predictions</title>',
        f'<rect width="{left + tile + 8}" height="{height}" fill="#ffffff"/>',
        f'<text x="{left}" y="20" fill="#222">ten frames, one after another</text>',
    ]
    y = 30
    for row in range(shown):
        last = frames[(9 * count + row) * 4096 : (9 * count + row + 1) * 4096]
        lines = [
            ("frames seen", "", strip(frames, 10, count, row)),
            ("what came next", "", strip(frames[10 * count * 4096 :], 10, count, row)),
            ("ConvLSTM", figures[0], strip(conv["predicted"][1], 10, count, row)),
            ("fully connected LSTM", figures[1], strip(dense["predicted"][1], 10, count, row)),
            ("copy of the last frame", figures[2], strip(list(last) * 10, 10, 1, 0)),
        ]
        for name, figure, image in lines:
            svg.append(f'<text x="8" y="{y + 28}" fill="#222">{name}</text>')
            if figure:
                svg.append(f'<text x="8" y="{y + 46}" fill="#666">MSE {figure:.1f} a frame</text>')
            data = base64.b64encode(image).decode()
            svg.append(
                f'<image x="{left}" y="{y}" width="{tile - 1}" height="64" href="data:image/png;base64,{data}"/>')
            y += 64 + gap
        y += 22
    path.write_text("\n".join(svg + ["</svg>\n"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(root.parent / "shared/data/mnist"))
    parser.add_argument("--work", default=str(root / ".build/moving-mnist"))
    parser.add_argument("--scratch-path", help="where to build; by default below Benchmarks")
    parser.add_argument("--only", choices=[*RECIPES, "report"], help="one training alone, or the report alone")
    options = parser.parse_args()
    work = pathlib.Path(options.work).resolve()
    unpack(pathlib.Path(options.data), work / "data")
    build = ["swift", "build", "-c", "release", "--package-path", str(here), "--product", "MovingMNIST"]
    if options.scratch_path:
        build += ["--scratch-path", options.scratch_path]
    subprocess.run(build, check=True)
    program = subprocess.run(build + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    program += "/MovingMNIST"

    def call(verb, name, log):
        kind, recipe = RECIPES.get(name, (None, ""))
        command = [program, verb, *([kind] if kind else []), *recipe.split()]
        command += ["--data", str(work / "data"), "--out", str(work / (name or "copy"))]
        with open(log, "a") as file:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for line in process.stdout:
                print(line, end="", flush=True)
                file.write(line)
                file.flush()
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(command)} failed")

    for name in RECIPES:
        if options.only in (None, name):
            call("train", name, work / f"{name}.log")
            call("test", name, work / f"{name}.log")
    if options.only in RECIPES:
        return
    call("copy-last", None, work / "copy.log")
    results = {
        key: json.loads((work / (place + ".json")).read_text())
        for key, place in [("conv_lstm", "conv/test"), ("fc_lstm", "dense/test"), ("copy_last", "copy/copy-last")]
    }
    conv, dense, copy = (result["mse"] for result in results.values())
    cpu = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor())
    record = {
        "metric": "squared error of pixel values in 0...1, summed over 64 x 64 pixels, mean over 10 predicted frames and "
                  "10,000 fixed test sequences (10 frames seen, 10 predicted)",
        "data": "two digits of 28 x 28, steps of 0.1 of the free way, bouncing; training digits 0..<55,000 of MNIST's "
                "training file, each training sequence made once; test sequences from the test file",
        "command": "python3 Benchmarks/moving_mnist.py", "cpu": cpu,
        "recipes": {name: " ".join(recipe) for name, recipe in RECIPES.items()},
        "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}",
        "conv_lstm_below_fc_lstm": 1 - conv / dense, "conv_lstm_below_copy_last": 1 - conv / copy, **results,
    }
    (here / "results/moving-mnist.json").write_text(json.dumps(record, indent=2) + "\n")
    picture(
        tensors(work / "conv/shown.safetensors"), tensors(work / "dense/shown.safetensors"), (conv, dense, copy),
        root / "Documentation/moving-mnist.svg")
    print(f"ConvLSTM {conv:.2f}, fully connected LSTM {dense:.2f}, copy {copy:.2f}")


main()
