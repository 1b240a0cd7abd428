"""Readers of signals beside wfdb, pandas and a plain reading of .ts; areas under curves and errors beside scikit-learn.

    RECURRENT=path/of/recurrent python signals.py

The data sets of ../shared/data are read where they are there. Prints what it counted; ends with 1 where anything differs.
"""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pandas
import sklearn.metrics as metrics
import wfdb

root = pathlib.Path(__file__).resolve().parents[2]
data = pathlib.Path(os.environ.get("DATA", root / ".." / "shared" / "data"))
rng = np.random.default_rng(3)
problems = []


def ask(command, cases, folder):
    (folder / "list").write_text("".join(json.dumps(case) + "\n" for case in cases))
    subprocess.run([os.environ["RECURRENT"], "conformance", command, folder / "list", folder / "out"], check=True)
    return [json.loads(line) for line in (folder / "out").read_text().splitlines()]


def same(a, b):
    """Numbers of one kind, None for NaN, equal as 32-bit floats."""
    a = np.array([np.nan if x is None else x for x in a], "f8").astype("f4")
    return a.shape == np.shape(b) and np.array_equal(a, np.asarray(b, "f8").astype("f4"), equal_nan=True)


def plain_ts(path):
    """What a .ts file without time stamps holds, read in the most direct way."""
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    for line in lines[start + 1 :]:
        if not line.strip():
            continue
        *channels, label = line.strip().split(":")
        columns = [[math.nan if v == "?" else float(v) for v in c.split(",")] for c in channels]
        yield label, np.array(columns).T.reshape(-1)


def expect(name, found, wanted):
    sequences, wanted = found["sequences"], list(wanted)
    if len(sequences) != len(wanted):
        problems.append(f"{name}: {len(sequences)} sequences, not {len(wanted)}")
        return 0
    for i, (one, (label, values)) in enumerate(zip(sequences, wanted)):
        if one["label"] != label or not same(one["values"], values):
            problems.append(f"{name}: sequence {i} differs")
    return len(wanted)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    count = 0
    files = sorted(data.glob("*/*.ts"))
    for path, found in zip(files, ask("signals", [{"file": str(p)} for p in files], folder) if files else []):
        count += expect(path.name, found, plain_ts(path))
    ecg = data / "ucr_ecg5000_train" / "ECG5000_TRAIN.txt"
    libras = data / "libras_movement" / "movement_libras.data"
    if ecg.exists() and libras.exists():
        first, second = ask("signals", [{"file": str(ecg)}, {"file": str(libras), "channels": 2}], folder)
        table = pandas.read_csv(ecg, sep=r"\s+", header=None)
        count += expect("ECG5000", first, ((str(int(r[0])), r[1:]) for r in table.to_numpy()))
        table = pandas.read_csv(libras, header=None)
        count += expect("libras", second, ((str(int(r[-1])), r[:-1]) for r in table.to_numpy()))
    print(f"{count} sequences of {len(files) + 2} files")

    # Random tables: wide with a header, long with times in any order.
    rows = []
    wide = [("class," + ",".join(f"{c}_{t}" for c in "ab" for t in range(5)))]
    for i in range(200):
        values = rng.normal(size=(2, 5)).round(4)
        length = rng.integers(1, 6)
        values[:, length:] = math.nan
        label = f"k{rng.integers(3)}"
        wide.append(label + "," + ",".join("" if math.isnan(v) else repr(float(v)) for v in values.reshape(-1)))
        rows.append((label, values.T[:length].reshape(-1)))
    (folder / "wide.csv").write_text("\n".join(wide) + "\n")
    long = ["id,time,u,v,label"]
    long_rows = []
    for i in range(200):
        steps = rng.integers(1, 9)
        values = rng.normal(size=(steps, 2)).round(4)
        for t in rng.permutation(steps):
            long.append(f"s{i},{t},{values[t, 0]!r},{values[t, 1]!r},k{i % 3}".replace("np.float64(", "").replace(")", ""))
        long_rows.append((f"k{i % 3}", values.reshape(-1)))
    (folder / "long.csv").write_text("\n".join(long) + "\n")
    cases = [{"file": str(folder / "wide.csv")}, {"file": str(folder / "long.csv")}]
    found = ask("signals", cases, folder)
    print(expect("wide", found[0], rows) + expect("long", found[1], long_rows), "sequences of random tables")

    # WFDB: record 100 of the MIT-BIH database, its samples packed from the table beside it, and random records.
    signal = data / "mitbih_100" / "signal.csv"
    if signal.exists():
        samples = pandas.read_csv(signal).to_numpy()
        record = folder / "100"
        first, second = samples.astype("i4").reshape(-1, 2).T & 0xFFF
        packed = np.stack([first & 0xFF, first >> 8 | second >> 8 << 4, second & 0xFF], 1).astype("u1")
        (folder / "100.dat").write_bytes(packed.tobytes())
        for suffix in ["hea", "atr"]:
            (folder / f"100.{suffix}").write_bytes((data / "mitbih_100" / "original" / f"100.{suffix}").read_bytes())
        values, notes = ask("signals", [{"file": f"{record}.hea"}, {"file": f"{record}.atr"}], folder)
        if not same(values[0], wfdb.rdrecord(str(record)).p_signal.reshape(-1)):
            problems.append("MIT-BIH 100: the signals differ")
        one = wfdb.rdann(str(record), "atr")
        texts = [text.rstrip("\0") for text in one.aux_note]
        wanted = [list(map(lambda x: x if isinstance(x, str) else int(x), row)) for row in zip(
            one.sample, one.symbol, one.subtype, one.chan, one.num, texts)]
        if notes != wanted:
            problems.append("MIT-BIH 100: the annotations differ")
        print(f"MIT-BIH 100: {samples.size} samples, {len(notes)} annotations")
    for trial in range(40):
        fmt = rng.choice(["16", "24", "32", "80", "212"])
        top = {"16": 30000, "24": 8000000, "32": 2000000000, "80": 127, "212": 2047}[fmt]
        columns = int(rng.integers(1, 5))
        digital = rng.integers(-top, top, (int(rng.integers(2, 200)), columns))
        wfdb.wrsamp(
            f"r{trial}", fs=250, units=["mV"] * columns, sig_name=[f"s{c}" for c in range(columns)], d_signal=digital,
            fmt=[fmt] * columns, adc_gain=[float(rng.integers(1, 500))] * columns,
            baseline=[int(rng.integers(-50, 50))] * columns, write_dir=str(folder))
    found = ask("signals", [{"file": str(folder / f"r{trial}.hea")} for trial in range(40)], folder)
    for trial, one in enumerate(found):
        if not same(one[0], wfdb.rdrecord(str(folder / f"r{trial}")).p_signal.reshape(-1)):
            problems.append(f"random record {trial} differs")
    print("40 random records")

    cases, wanted = [], []
    for trial in range(500):
        classes, n = int(rng.integers(2, 6)), int(rng.integers(5, 60))
        scores = rng.random((n, classes)).round(int(rng.integers(1, 6))) + 1e-3
        scores /= scores.sum(1, keepdims=True)
        truth = rng.integers(0, classes, n)
        cases.append({"truth": truth.tolist(), "probabilities": scores.tolist()})
        row = {"roc": [], "precision": []}
        for k in range(classes):
            own = truth == k
            row["roc"].append(metrics.roc_auc_score(own, scores[:, k]) if 0 < own.sum() < n else math.nan)
            row["precision"].append(metrics.average_precision_score(own, scores[:, k]) if own.any() else math.nan)
        wanted.append(row)
    for trial in range(200):
        truth, predicted = rng.normal(size=(2, int(rng.integers(2, 50))))
        cases.append({"truth": truth.tolist(), "predicted": predicted.tolist()})
        wanted.append([
            metrics.root_mean_squared_error(truth, predicted), metrics.mean_absolute_error(truth, predicted),
            metrics.r2_score(truth, predicted)])
    for trial, (found, one) in enumerate(zip(ask("classes", cases, folder), wanted)):
        pairs = zip(found, one) if isinstance(one, list) else zip(found["roc"] + found["precision"], one["roc"] + one["precision"])
        for a, b in pairs:
            a = math.nan if a is None else a
            # Sums in another order.
            if not (a != a and b != b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)):
                problems.append(f"scores of case {trial}: {a} and {b}")
    print("500 cases of areas, 200 of errors")

for problem in problems[:20]:
    print(problem)
print(f"{len(problems)} differences")
sys.exit(1 if problems else 0)
