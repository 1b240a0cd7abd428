"""Files of this package beside the packages that everybody uses: safetensors, numpy, tensorboard, jsonschema.

    RECURRENT=path/of/recurrent python formats.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import jsonschema
import numpy as np
import safetensors
import safetensors.numpy
import safetensors.torch
import torch
from tensorboard.backend.event_processing import event_accumulator

RECURRENT = os.environ["RECURRENT"]
PACKAGE = pathlib.Path(__file__).resolve().parents[2]
problems = []


def recurrent(*arguments, code=0):
    """Runs the program; a signal is always a problem."""
    result = subprocess.run([RECURRENT, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    if result.returncode < 0 or (code is not None and result.returncode != code):
        problems.append(f"recurrent {' '.join(map(str, arguments))}: ended with {result.returncode}: {result.stderr}")
    return result


def check(condition, what):
    if not condition:
        problems.append(what)


# numpy -----------------------------------------------------------------------------------------------------------------

TYPES = ["<f4", "<f8", "<i4", "<i8", "<f2", "i1", "u1", "?"]


def array(rng, dtype, most_axes=5):
    """Random bits of a random shape; NaN and infinity are among them."""
    shape = [rng.choice([0, 1, 1, 2, 3, 5, 7]) for _ in range(rng.randrange(most_axes + 1))]
    count = int(np.prod(shape))
    data = np.frombuffer(rng.randbytes(count * np.dtype(dtype).itemsize), dtype=dtype if dtype != "?" else "u1")
    return (data % 2 == 1 if dtype == "?" else data).reshape(shape)


def laid_out(rng, values):
    """The same values in another byte order and order of axes."""
    if rng.random() < 0.5:
        values = values.astype(values.dtype.newbyteorder(">"))
    return np.array(values, order=rng.choice("CF"))


def same(a, b):
    a, b = (np.ascontiguousarray(x).astype(x.dtype.newbyteorder("<"), copy=False).reshape(x.shape) for x in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def numpy_both_ways(folder, files=60, arrays=25):
    rng = random.Random(1)
    count = 0
    for index in range(files):
        values = {f"{k}/{rng.choice('aä漢')}": array(rng, rng.choice(TYPES)) for k in range(rng.randrange(arrays))}
        np.savez(folder / "a.npz", **{name: laid_out(rng, value) for name, value in values.items()})
        recurrent("convert", folder / "a.npz", folder / "b.npz", "--force", "--quiet")
        with np.load(folder / "b.npz") as found:
            check(sorted(found.files) == sorted(values), f"file {index}: the names differ")
            for name, value in values.items():
                check(same(found[name], value), f"file {index}: {name} differs: {value.dtype} {value.shape}")
                count += 1
    for index in range(files):
        value = array(rng, rng.choice(TYPES), most_axes=8)
        with open(folder / "a.npy", "wb") as file:
            np.lib.format.write_array(file, laid_out(rng, value), version=rng.choice([(1, 0), (2, 0), (3, 0)]))
        recurrent("convert", folder / "a.npy", folder / "b.npy", "--force", "--quiet")
        check(same(np.load(folder / "b.npy"), value), f"array {index} differs: {value.dtype} {value.shape}")
        count += 1
    print(f"numpy: {count} arrays of {2 * files} files read by us and by numpy again with the same bits")


def numpy_refusals(folder):
    refused = {
        "uint16": np.zeros(2, "u2"), "uint32": np.zeros(2, "u4"), "uint64": np.zeros(2, "u8"),
        "int16": np.zeros(2, "i2"), "complex64": np.zeros(2, "c8"), "complex128": np.zeros(2, "c16"),
        "object": np.array([{}], object), "str": np.array(["a"]), "bytes": np.array([b"a"]),
        "datetime64": np.zeros(2, "M8[s]"), "timedelta64": np.zeros(2, "m8[s]"), "longdouble": np.zeros(2, "g"),
        "structured": np.zeros(2, [("a", "<f4")]),
    }
    for name, value in refused.items():
        np.save(folder / "a.npy", value)
        result = recurrent("info", folder / "a.npy", code=3)
        check(name in result.stderr, f"the message does not name {name}: {result.stderr}")
    np.savez_compressed(folder / "a.npz", a=np.zeros(3))
    check("savez_compressed" in recurrent("info", folder / "a.npz", code=3).stderr, "no word about savez_compressed")
    print(f"numpy: {len(refused) + 1} kinds of arrays that no tensor holds refused by name")


# safetensors -----------------------------------------------------------------------------------------------------------

TORCH = [torch.float32, torch.float64, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.int8,
         torch.uint8, torch.bool]


def tensor(rng, dtype):
    shape = [rng.choice([0, 1, 2, 3, 5, 7]) for _ in range(rng.randrange(5))]
    size = torch.empty(0, dtype=dtype).element_size()
    data = bytearray(rng.randbytes(max(1, int(np.prod(shape)) * size)))
    flat = torch.frombuffer(data, dtype=torch.uint8)[: int(np.prod(shape)) * size]
    return (flat % 2 == 1 if dtype == torch.bool else flat.view(dtype)).reshape(shape)


def bits(value):
    return value.dtype, value.shape, value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def safetensors_both_ways(folder, files=60):
    rng = random.Random(2)
    count = 0
    for index in range(files):
        values = {f"{k}.{rng.choice('aä漢 ')}": tensor(rng, rng.choice(TORCH)) for k in range(rng.randrange(40))}
        metadata = {f"k{k}": rng.choice(["", "v", "ä\n\"", "漢"]) for k in range(rng.randrange(4))}
        safetensors.torch.save_file(values, folder / "a.safetensors", metadata=metadata or None)
        recurrent("convert", folder / "a.safetensors", folder / "b.safetensors", "--force", "--quiet")
        found = safetensors.torch.load_file(folder / "b.safetensors")
        check(sorted(found) == sorted(values), f"file {index}: the names differ")
        for name in values:
            check(bits(found[name]) == bits(values[name]), f"file {index}: {name} differs")
            count += 1
        with safetensors.safe_open(folder / "b.safetensors", "pt") as file:
            check((file.metadata() or {}) == metadata, f"file {index}: the metadata differ")
    print(f"safetensors: {count} tensors of {files} files read by us and by safetensors again with the same bits")


def framed(header, data=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data


def safetensors_negatives(folder):
    def entry(shape, begin, end, dtype="F32"):
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    twice = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
    cases = {
        "header too small": b"\0" * 7,
        "header too large": struct.pack("<Q", 100_000_001) + b"{}",
        "length beyond the file": struct.pack("<Q", 60) + b"{}",
        "not UTF-8": framed(b'{"\xff'),
        "not JSON": framed(b"{"),
        "leading whitespace": framed(b" {}"),
        "overlap": framed({str(k): entry([2, 2], 0, 16) for k in range(10)}, b"\0" * 16),
        "hole": framed({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, b"\0" * 12),
        "file too long": framed({"a": entry([2, 2], 0, 16)}, b"\0" * 20),
        "file too short": framed({"a": entry([2, 2], 0, 16)}, b"\0" * 10),
        "shape times type": framed({"a": entry([2, 2], 0, 4)}, b"\0" * 4),
        "shape overflows": framed({"a": entry([2, 2**63 - 1], 0, 16)}, b"\0" * 16),
        "bytes overflow": framed({"a": entry([2, 2**61 - 1], 0, 16)}, b"\0" * 16),
        "misaligned bits": framed({"a": entry([3], 0, 2, "F4")}, b"\0" * 2),
        "a name twice": framed(twice, b"\0" * 8),
        "metadata of numbers": framed({"__metadata__": {"a": 1}}),
        "unknown type": framed({"a": entry([1], 0, 4, "F33")}, b"\0" * 4),
    }
    for name, data in cases.items():
        (folder / "bad.safetensors").write_bytes(data)
        result = recurrent("info", folder / "bad.safetensors", code=4)
        check(result.stderr.startswith(f"recurrent: {folder / 'bad.safetensors'}"), f"{name}: {result.stderr!r}")
        # These two are rules of the format that the package leaves unchecked in some versions.
        if name not in ("a name twice", "leading whitespace"):
            try:
                safetensors.deserialize(data)
                problems.append(f"{name}: the Python package accepts it")
            except Exception:
                pass
    for name, data in {
        "trailing spaces": framed(b"{}    "), "no elements": framed({"a": entry([2, 0], 0, 0)}),
        "no axes": framed({"a": entry([], 0, 4)}, b"\0" * 4),
    }.items():
        (folder / "good.safetensors").write_bytes(data)
        recurrent("info", folder / "good.safetensors")
        safetensors.deserialize(data)
    print(f"safetensors: {len(cases)} broken files refused with a message, 3 odd ones accepted")


def safetensors_mutants(folder, count=300):
    """Damaged files that one side accepts and the other refuses."""
    rng = random.Random(3)
    good = safetensors.torch.save({"a": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.int64)}, metadata={"k": "v"})
    end = 8 + struct.unpack("<Q", good[:8])[0]
    both = 0
    for index in range(count):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 3)):
            place = rng.randrange(end)
            data[place] = rng.choice([rng.randrange(256), data[place] ^ 1 << rng.randrange(8), 0x30 + rng.randrange(10)])
        (folder / "mutant.safetensors").write_bytes(data)
        ours = recurrent("info", folder / "mutant.safetensors", code=None).returncode == 0
        try:
            safetensors.deserialize(bytes(data))
            theirs = True
        except Exception:
            theirs = False
        check(theirs or not ours, f"mutant {index} is accepted by us alone: {bytes(data[8:end])!r}")
        # What the rules leave open may be judged more strictly here; it is shown.
        if theirs and not ours:
            print(f"  stricter than the Python package: {bytes(data[8:end])!r}")
        both += ours == theirs
    print(f"safetensors: {both} of {count} damaged files judged alike")


# Model folders ---------------------------------------------------------------------------------------------------------

def model_folder(folder):
    recurrent("train", "forecast", PACKAGE / "Examples/data/sunspots.csv", "--horizon", 11, "--epochs", 30,
              "--out", folder / "model", "--quiet")
    schema = json.loads((PACKAGE / "Documentation/model-config.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    golden = sorted((PACKAGE / "Tests/RecurrentTasksTests/Fixtures/models").glob("*/config.json"))
    for path in [folder / "model/config.json", *golden]:
        for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(path.read_text())):
            problems.append(f"{path} does not fit the schema: {error.message}")
    print(f"config.json: {1 + len(golden)} fit the schema")

    page = (PACKAGE / "Documentation/model-folder.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    check(len(code.strip().splitlines()) == 5, "the snippet has not five lines")
    names = {}
    before = os.getcwd()
    os.chdir(folder)
    try:
        exec(code, names)  # noqa: S102
    finally:
        os.chdir(before)
    weights = names["weights"]
    check(bits(names["lstm"].weight_hh_l0.data) == bits(weights["members.0.lstm.weight_hh_l0"]), "other weights")
    print(f"model folder: {len(weights)} tensors loaded by the five documented lines")


# TensorBoard -----------------------------------------------------------------------------------------------------------

def accumulated(folder):
    guidance = {kind: 0 for kind in (event_accumulator.SCALARS, event_accumulator.HISTOGRAMS, event_accumulator.TENSORS)}
    return event_accumulator.EventAccumulator(str(folder), size_guidance=guidance).Reload()


def everything(events):
    tags = events.Tags()
    found = [("scalar", tag, e.step, e.value) for tag in tags["scalars"] for e in events.Scalars(tag)]
    found += [("histogram", tag, e.step, e.histogram_value.num) for tag in tags["histograms"] for e in events.Histograms(tag)]
    found += [("tensor", tag, e.step, e.tensor_proto.SerializeToString()) for tag in tags["tensors"] for e in events.Tensors(tag)]
    return found


def tensorboard_reads(folder, cuts=40):
    events = accumulated(folder / "model/training/events")
    tags = events.Tags()
    for tag in ["loss", "gradient_norm", "learning_rate", "backtest/mase"]:
        check(tag in tags["scalars"], f"no scalar {tag}")
    steps = [e.step for e in events.Scalars("loss")]
    lines = (folder / "model/training/metrics.jsonl").read_text().splitlines()
    logged = {line["step"]: line["loss"] for line in map(json.loads, lines) if line["event"] == "step"}
    check(steps == sorted(logged), "the steps are not those of metrics.jsonl")
    for event in events.Scalars("loss"):
        check(event.value == np.float32(logged[event.step]), f"the loss of step {event.step} differs")
    check(any(tag.startswith("gradients/") for tag in tags["histograms"]), "no gradients")
    check(any(tag.startswith("gates/") for tag in tags["histograms"]), "no gates")
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    from tensorboard.plugins.hparams import plugin_data_pb2

    parsed = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    check(parsed["horizon"].number_value == 11 and parsed["cell"].string_value == "lstm", "other hyper-parameters")
    command = events.Tensors("command/text_summary")[0].tensor_proto.string_val[0].decode()
    check("recurrent train forecast" in command, f"the command is {command}")
    whole = everything(events)
    print(f"tensorboard: {len(whole)} entries under {sum(len(v) for v in tags.values() if isinstance(v, list))} tags")

    source = next((folder / "model/training/events").iterdir())
    data = source.read_bytes()
    starts, place = [], 0
    while place < len(data):
        starts.append(place)
        place += 16 + struct.unpack("<Q", data[place : place + 8])[0]
    rng = random.Random(4)
    torn = folder / "torn"
    torn.mkdir()
    for _ in range(cuts):
        last = rng.randrange(1, len(starts))
        end = starts[last + 1] if last + 1 < len(starts) else len(data)
        (torn / source.name).write_bytes(data[: starts[last]])
        expected = everything(accumulated(torn))
        (torn / source.name).write_bytes(data[: rng.randrange(starts[last] + 1, end)])
        check(everything(accumulated(torn)) == expected, "a torn record takes others with it")
    print(f"tensorboard: {cuts} files with a torn last record read up to it")


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        numpy_both_ways(folder)
        numpy_refusals(folder)
        safetensors_both_ways(folder)
        safetensors_negatives(folder)
        safetensors_mutants(folder)
        model_folder(folder)
        tensorboard_reads(folder)
    finally:
        shutil.rmtree(folder)
    for problem in problems[:50]:
        print("DIFFERS:", problem)
    print(f"formats: {len(problems)} differences")
    sys.exit(1 if problems else 0)


main()
