"""How the scripts of this folder write their cases. Every file holds many cases, each a name and, under `name/…`:

    x [T,B,I] · lengths [B] · state.k, final.k [L·D,B,·] (k: 0 output, 1 cells, 2 gates) · output [T,B,D·Y] · cells [T,B,H]
    parameter.L.NAME, gradient.L.NAME (L: l0, l0r, l1, …; r is the reversed direction) · gradient.x, gradient.state.k
    upstream.output, upstream.cells, upstream.final.k · mask.NAME

The metadata hold one JSON text a case: description (what differs from the standard LSTM, by the names of LSTMDescription),
inputSize, hiddenSize, layers, directions, reversed, tolerance.
"""
import json

import numpy as np
from safetensors.numpy import save_file

# The one place where gate orders are named; here gates stand i, f, g, o in all weights and i, f, o among peepholes.
HERE, HERE_GATES = "ifgo", "ifo"
ORDERS = {"pytorch": "ifgo", "onnx": "iofg", "onednn": "ifgo"}
PEEPHOLE_ORDERS = {"onnx": "iof", "onednn": "ifo"}


def reordered(rows, source, gates=HERE):
    """Rows [4H, …] in the order of `source` as rows of `gates`, in that order; gates may be left out."""
    blocks = dict(zip(ORDERS[source], np.split(np.asarray(rows), 4)))
    return np.concatenate([blocks[gate] for gate in gates])


def peepholes(rows, source, gates=HERE_GATES):
    """peephole_i, … from a vector [3H] in the order of `source`."""
    blocks = dict(zip(PEEPHOLE_ORDERS[source], np.split(np.asarray(rows), 3)))
    return {"peephole_" + gate: blocks[gate] for gate in gates}


class Golden:
    def __init__(self, file):
        self.file, self.tensors, self.metadata = file, {}, {}

    def add(self, name, description, inputSize, hiddenSize, parameters, tensors, gradients=None, layers=1, directions=1,
            reversed=False, tolerance=1e-12):
        """`parameters`, `gradients`: {"l0": {name: array}, …}."""
        about = dict(description=description, inputSize=inputSize, hiddenSize=hiddenSize, layers=layers,
                     directions=directions, reversed=reversed, tolerance=tolerance)
        self.metadata[name] = json.dumps(about)
        everything = dict(tensors)
        for prefix, group in [("parameter", parameters), ("gradient", gradients or {})]:
            for cell, named in group.items():
                everything.update({f"{prefix}.{cell}.{key}": value for key, value in named.items()})
        for key, value in everything.items():
            if value is not None:
                value = value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
                self.tensors[f"{name}/{key}"] = np.ascontiguousarray(value)

    def save(self):
        save_file(self.tensors, self.file, metadata=self.metadata)
        print(self.file, len(self.metadata), "cases,", sum(t.nbytes for t in self.tensors.values()), "bytes")
