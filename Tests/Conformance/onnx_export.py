"""Holds exported ONNX models to onnx.checker and onnxruntime.

The program writes a model of every cell of the catalogue (each direction, both, stacked), of random LSTM descriptions, of
GRU, RNN, minimal and convolutional networks and of layered ones, twice each: with lengths and carried state, and without;
and what it computes itself on 20 random batches. The checker takes each model in full; onnxruntime must give the same
outputs and final states within 1e-5 of the greater of 1 and the numbers' own size, with sequences of any length (none, too),
whose padding is NaN. Batches for which float32 and float64 give results further apart than 5e-7 (unbounded gates make states
explode), or float64 itself where what goes in is nudged by half a last place of float32, cannot tell a fault from rounding; the
program draws others for them.
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


def again(path, tensors, shapes, counts):
    """Runs an exported model by the program's own runner, which must agree as well."""
    for shape in shapes:
        command = [PROGRAM, "run", str(path), "--rtol", str(TOLERANCE), "--atol", str(TOLERANCE), "--quiet"]
        for key, value in tensors.items():
            number, name = key.split("/", 1)
            if number == str(shape):
                file = path.with_suffix(f".{name}.npy")
                np.save(file, value)
                is_output = name == "y" or name.startswith("final.")
                command += ["--expect" if is_output else "--input", f"{name}={file}"]
        done = subprocess.run(command, capture_output=True, text=True)
        counts["again"] += 1
        if done.returncode:
            return [f"{path.stem}: recurrent run: {done.stderr.strip()[:400]}"]
    return []


def forecasters(folder, options, counts, failures):
    """Trains small forecasters of several cells and with covariates, and holds their exported models to their forecasts."""
    rng = np.random.default_rng(3)
    worst = 0.0
    rows = ["date,shop,sales,open,weather"]
    for shop in ["a", "b"]:
        level = rng.uniform(5, 50)
        for day in range(140):
            date = np.datetime64("2023-01-01") + day
            closed = int(rng.random() < 0.1)
            sales = level * (1 + 0.3 * np.sin(2 * np.pi * day / 7)) * (1 - closed) + rng.normal()
            rows.append(f"{date},{shop},{sales:.3f},{1 - closed},{rng.normal():.3f}")
    many = folder / "shops.csv"
    many.write_text("\n".join(rows) + "\n")
    one = folder / "one.csv"
    one.write_text("\n".join(["date,sales"] + [f"{r.split(',')[0]},{r.split(',')[2]}" for r in rows[1:141]]) + "\n")
    kinds = [(one, [], "lstm"), (one, ["--calendar"], "lstm-layer-norm"), (one, [], "gru")] + [
        (many, ["--id", "shop", "--target", "sales", "--past", "weather", "--known", "open", "--calendar"], cell)
        for cell in ["lstm", "lstm-peephole", "mgu", "mlstm"]]
    for number, (table, extra, cell) in enumerate(kinds):
        model, path = folder / f"forecaster{number}", folder / f"forecaster{number}.onnx"
        # Known covariates must reach over the horizon: the last days have no sales.
        done = subprocess.run(
            [PROGRAM, "train", "forecast", str(table), "--out", str(model), "--horizon", "5", "--epochs", "1", "--cell", cell,
             "--no-backtest", "--quiet", *extra], capture_output=True, text=True)
        if done.returncode:
            failures.append(f"forecaster {cell}: {done.stderr.strip()}")
            continue
        subprocess.run([PROGRAM, "export", str(model), str(path), "--to", "onnx", "--quiet"], check=True)
        subprocess.run([PROGRAM, "conformance", "forecast", str(model), str(path) + ".safetensors"], check=True)
        onnx.checker.check_model(str(path), full_check=True)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        tensors = load_file(str(path) + ".safetensors")
        theirs = session.run(["quantiles"], {value.name: tensors[value.name] for value in session.get_inputs()})[0]
        counts["forecasters"] += 1
        difference = float(np.abs(theirs - tensors["quantiles"]).max())
        worst = max(worst, difference)
        if not difference <= TOLERANCE:
            failures.append(f"forecaster {cell}: differs by {difference:.2e}")
    return worst


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
            failures += again(path, tensors, shapes[:1], counts)
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
        worst = max(worst, forecasters(folder, options, counts, failures))
    shown = collections.Counter(failure.split(",")[0].split(":")[0] for failure in failures)
    for failure in failures[:25]:
        print("FAIL", failure)
    if len(failures) > 25:
        print("FAIL in", dict(shown))
    print(
        f"onnx export: {counts['checked']} models accepted in full ({', '.join(f'{v} with {k}' for k, v in sorted(operators.items()))}); "
        f"{counts['runs']} runs ({counts['full']} models on 20 shapes or more), {counts['outputs']} outputs within {worst:.1e} (allowed {TOLERANCE:.0e}); "
        f"{counts['forecasters']} whole forecasters; {counts['again']} models run by the program itself; {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
