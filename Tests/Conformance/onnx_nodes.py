"""Runs the node tests of ONNX: the operators of graphs, each with inputs and the outputs that must come.

The cases are generated from the `onnx` package into .build/ and given to `recurrent run --cases`. A case passes where
every output agrees within the tolerances of the case; it is refused where the program says by name what it does not
support; anything else is a failure.
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


if __name__ == "__main__":
    print(len(generate()))
