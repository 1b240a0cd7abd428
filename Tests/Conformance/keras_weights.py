"""Holds weights from Keras to Keras itself: LSTM, both forms of GRU, SimpleRNN, Bidirectional, Embedding, Dense and
LayerNormalization, saved by numpy.savez, imported and run on random batches; outputs must agree within 1e-5."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras  # noqa: E402
import numpy as np  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

PROGRAM = os.environ["RECURRENT"]
TOLERANCE = 1e-5
L = keras.layers


def cases():
    """Layers, and the options of the import."""
    def rnn(kind, units, **options):
        return getattr(L, kind)(units, return_sequences=True, **options)
    for bias in [True, False]:
        yield [rnn("LSTM", 5, use_bias=bias)], []
        yield [rnn("SimpleRNN", 5, use_bias=bias)], []
        yield [rnn("GRU", 5, use_bias=bias, reset_after=True)], []
        yield [rnn("GRU", 5, use_bias=bias, reset_after=False)], [] if bias else ["--gru-form", "reset-before"]
        for kind in ["LSTM", "GRU", "SimpleRNN"]:
            yield [L.Bidirectional(rnn(kind, 4, use_bias=bias))], []
    yield [rnn("SimpleRNN", 4, activation="relu")], ["--rnn-activation", "relu"]
    yield [rnn("LSTM", 4), rnn("LSTM", 4), rnn("LSTM", 4)], []
    yield [L.Embedding(9, 6), L.Bidirectional(rnn("LSTM", 8)), L.Dense(3)], []
    yield [L.Embedding(9, 7), rnn("GRU", 8, reset_after=False), L.LayerNormalization(), L.Dense(3)], ["--norm-epsilon", "0.001"]
    yield [L.Dense(6, activation="relu"), rnn("GRU", 8), L.Dense(3, activation="softmax")], [
        "--order", "{0},relu,{1},{2},softmax"]
    yield [L.LSTM(6), L.Dense(2)], ["--order", "{0},last,{1}"]
    for kind in ["LSTM", "GRU"]:
        yield [L.Bidirectional(getattr(L, kind)(6)), L.Dense(2)], ["--order", "{0},final,{1}"]


def main():
    keras.utils.set_random_seed(5)
    rng = np.random.default_rng(5)
    failures, worst, count, lines, expected = [], 0.0, 0, [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for number, (layers, options) in enumerate(cases()):
            model = keras.Sequential(layers)
            tokens = isinstance(layers[0], L.Embedding)
            x = rng.integers(0, 9, (3, 6)) if tokens else rng.standard_normal((3, 6, 5)).astype("float32")
            model(x)
            for weight in model.weights:
                weight.assign(weight.numpy() + 0.2 * rng.standard_normal(weight.shape).astype("float32"))
            source, target = folder / f"{number}.npz", folder / f"{number}"
            np.savez(source, **{w.path: w.numpy() for w in model.weights})
            names = [layer.name for layer in layers]
            options = [option.format(*names) for option in options]
            done = subprocess.run(
                [PROGRAM, "import", str(source), "--out", str(target), "--quiet", *options], capture_output=True, text=True)
            if done.returncode:
                failures.append(f"{number} {names}: {done.stderr.strip()} {[w.path for w in model.weights]}")
                continue
            count += 1
            save_file({"x": np.ascontiguousarray(np.swapaxes(x, 0, 1))}, folder / f"{number}.in")
            lines.append({"model": str(target), "input": str(folder / f"{number}.in"), "output": str(folder / f"{number}.out")})
            y = np.asarray(keras.ops.convert_to_numpy(model(x)))
            expected.append((folder / f"{number}.out", names, np.swapaxes(y, 0, 1) if y.ndim == 3 else y))
        (folder / "list").write_text("".join(json.dumps(line) + "\n" for line in lines))
        subprocess.run([PROGRAM, "conformance", "networks", str(folder / "list")], check=True)
        for path, names, theirs in expected:
            ours = load_file(path)["y"]
            difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                failures.append(f"{names}: differs by {difference:.1e}, shapes {ours.shape} and {theirs.shape}")
    for failure in failures:
        print("FAIL", failure)
    print(f"keras {keras.__version__}: {count} models imported, outputs within {worst:.1e} (allowed {TOLERANCE:.0e}); "
          f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
