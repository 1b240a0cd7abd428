"""Runs the node tests of ONNX: the operators of graphs, each with inputs and the outputs that must come.

The cases are generated from the `onnx` package into .build/ and given to `recurrent run --cases`. A case passes where
every output agrees within the tolerances of the case; it is close where floats of 16 bits differ by up to four units in
the last place, one of which is more than those tolerances; it is refused where the program says by name what it does not support;
anything else is a failure.
"""

import collections
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys

import onnx
from onnx import TensorProto, numpy_helper

RECURRENT = os.environ["RECURRENT"]
FOLDER = pathlib.Path(".build/onnx-node-tests")
LEAST = 500
MUST = [
    "test_gru_batchwise", "test_gru_bidirectional", "test_gru_defaults", "test_gru_reverse", "test_gru_seq_length",
    "test_gru_with_initial_bias", "test_lstm_batchwise", "test_lstm_bidirectional", "test_lstm_defaults",
    "test_lstm_reverse", "test_lstm_with_initial_bias", "test_lstm_with_peepholes", "test_rnn_seq_length",
    "test_simple_rnn_batchwise", "test_simple_rnn_bidirectional", "test_simple_rnn_defaults",
    "test_simple_rnn_reverse", "test_simple_rnn_with_initial_bias",
    "test_scan_sum", "test_scan9_sum", "test_scan9_scalar", "test_scan9_multi_state",
]  # fmt: skip


def serialized(value, info):
    """A value of a case as the bytes of the file that its kind has."""
    kind = info.type.WhichOneof("value")
    if isinstance(value, TensorProto):
        return value.SerializeToString()
    write = {
        "map_type": numpy_helper.from_dict,
        "sequence_type": numpy_helper.from_list,
        "optional_type": numpy_helper.from_optional,
    }.get(kind, numpy_helper.from_array)
    return write(value, info.name).SerializeToString()


def generate():
    """Writes every case as a folder of model.onnx, test_data_set_*/ and tolerances.json; once for each version."""
    stamp = FOLDER / "version"
    version = onnx.__version__ + " numpy " + importlib.metadata.version("numpy")
    if stamp.exists() and stamp.read_text() == version:
        return sorted(path for path in (FOLDER / "node").iterdir())
    from onnx.backend.test.case import node as node_cases

    shutil.rmtree(FOLDER, ignore_errors=True)
    folders = []
    for case in node_cases.collect_testcases():
        folder = FOLDER / "node" / case.name
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        (folder / "tolerances.json").write_text(json.dumps({"rtol": case.rtol, "atol": case.atol}))
        for number, (inputs, outputs) in enumerate(case.data_sets):
            data = folder / f"test_data_set_{number}"
            data.mkdir()
            for kind, values, infos in [
                ("input", inputs, case.model.graph.input),
                ("output", outputs, case.model.graph.output),
            ]:
                for index, value in enumerate(values):
                    (data / f"{kind}_{index}.pb").write_bytes(serialized(value, infos[index]))
        folders.append(folder)
    stamp.write_text(version)
    return sorted(folders)


def judged(folders):
    """The verdict of every case: (folder, verdict, text). A case that ends the program is crashed, and the rest go on."""
    verdicts = {}
    rest = [str(folder) for folder in folders]
    while rest:
        batch, rest = rest[:400], rest[400:]
        while batch:
            program = subprocess.run(
                [RECURRENT, "run", "--cases", "--json", "--quiet", *batch], capture_output=True, text=True, timeout=600)
            running = None
            for line in program.stdout.splitlines():
                record = json.loads(line)
                if "begins" in record:
                    running = record["begins"]
                else:
                    verdicts[record["case"]] = (record["verdict"], record["text"] or "")
                    running = None
            if running is None:
                break
            verdicts[running] = ("crashed", f"exit {program.returncode}: {program.stderr[-300:]}")
            batch = batch[batch.index(running) + 1:]
    return [(folder, *verdicts.get(str(folder), ("crashed", "no verdict"))) for folder in folders]


def reason(text):
    """What was refused, without the place."""
    line = text.splitlines()[0] if text else ""
    return line.split("): ", 1)[-1].split(": ", 1)[-1]


def main():
    folders = generate()
    results = judged(folders)
    counts = collections.Counter(verdict for _, verdict, _ in results)
    passed = {folder.name for folder, verdict, _ in results if verdict == "passed"}
    refusals = collections.Counter(reason(text) for _, verdict, text in results if verdict == "refused")
    for text, count in refusals.most_common(40):
        print(f"refused {count:4d}  {text}")
    for folder, verdict, text in results:
        if verdict in ("wrong", "failed", "crashed"):
            print(f"{verdict}: {folder.name}: {text}")
    missing = [name for name in MUST if name not in passed]
    print(f"onnx {onnx.__version__} node tests: {len(folders)} cases, {counts['passed']} passed, "
          f"{counts['close']} close, {counts['refused']} refused by name, {counts['wrong']} wrong, {counts['failed']} failed, "
          f"{counts['crashed']} crashed; {len(MUST) - len(missing)} of the {len(MUST)} recurrent and scan cases passed")
    if missing:
        print("these must pass: " + ", ".join(missing))
    bad = missing or counts["passed"] < LEAST or counts["wrong"] or counts["failed"] or counts["crashed"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
