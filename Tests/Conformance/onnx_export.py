"""Holds exported ONNX models to onnx.checker and onnxruntime.

The program writes a model of every cell of the catalogue (each direction, both, stacked), of random LSTM descriptions, of
GRU, RNN, minimal and convolutional networks and of layered ones, twice each: with lengths and carried state, and without;
and what it computes itself on 20 random batches. The checker takes each model in full; onnxruntime must give the same
outputs and final states within 1e-5 of the greater of 1 and the numbers' own size, with sequences of any length (none, too),
whose padding is NaN. Batches for which float32 and float64 give results further apart than 5e-7 (unbounded gates make states
explode) cannot tell a fault from rounding; the program draws others for them.
"""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

PROGRAM = os.environ["RECURRENT"]
TOLERANCE = 1e-5


def main():
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    counts = collections.Counter()
    operators = collections.Counter()
    failures, worst = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(os.environ.get("KEEP", folder))
        subprocess.run([PROGRAM, "conformance", "onnx", str(folder)], check=True)
        for path in sorted(folder.glob("*.onnx")):
            name = path.stem
            try:
                onnx.checker.check_model(str(path), full_check=True)
            except Exception as error:
                failures.append(f"{name}: checker: {str(error)[:300]}")
                continue
            counts["checked"] += 1
            kinds = {node.op_type for node in onnx.load(path).graph.node}
            for kind in kinds & {"LSTM", "GRU", "RNN", "Scan"}:
                operators[kind] += 1
            try:
                session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            except Exception as error:
                failures.append(f"{name}: load: {str(error)[:300]}")
                continue
            tensors = load_file(path.with_suffix(".safetensors"))
            wanted = [value.name for value in session.get_outputs()]
            shapes = sorted({int(key.split("/")[0]) for key in tensors})
            counts["full"] += len(shapes) >= 20
            for shape in shapes:
                feeds = {value.name: tensors[f"{shape}/{value.name}"] for value in session.get_inputs()}
                try:
                    results = session.run(wanted, feeds)
                except Exception as error:
                    failures.append(f"{name}, shape {shape}: run: {str(error)[:300]}")
                    break
                counts["runs"] += 1
                for output, theirs in zip(wanted, results):
                    ours = tensors[f"{shape}/{output}"]
                    counts["outputs"] += 1
                    if ours.shape != theirs.shape:
                        failures.append(f"{name}, shape {shape}: {output} is {theirs.shape}, ours {ours.shape}")
                        continue
                    difference = float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(ours)), initial=0))
                    if not difference <= TOLERANCE:
                        failures.append(f"{name}, shape {shape}: {output} differs by {difference:.2e}")
                    else:
                        worst = max(worst, difference)
    shown = collections.Counter(failure.split(",")[0].split(":")[0] for failure in failures)
    for failure in failures[:25]:
        print("FAIL", failure)
    if len(failures) > 25:
        print("FAIL in", dict(shown))
    print(
        f"onnx export: {counts['checked']} models accepted in full ({', '.join(f'{v} with {k}' for k, v in sorted(operators.items()))}); "
        f"{counts['runs']} runs ({counts['full']} models on 20 shapes or more), {counts['outputs']} outputs within {worst:.1e} (allowed {TOLERANCE:.0e}); {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
