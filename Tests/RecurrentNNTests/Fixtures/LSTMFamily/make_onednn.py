"""Writes onednn.safetensors from what onednn_lstm.cpp prints: LSTMs with peepholes and projection, forward and backward, in
single precision (oneDNN 2.6.3 from Debian's libdnnl-dev, a C++ compiler, numpy, safetensors): python make_onednn.py
"""
import json
import subprocess
import tempfile

import numpy as np

from golden import Golden, peepholes, reordered

golden = Golden("onednn.safetensors")
with tempfile.TemporaryDirectory() as folder:
    program = folder + "/onednn_lstm"
    subprocess.run(["c++", "-O1", "-std=c++17", "onednn_lstm.cpp", "-ldnnl", "-o", program], check=True)
    cases = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)

for name, case in cases.items():
    a = {key: np.array(value["values"], np.float32).reshape(value["shape"]) for key, value in case.items()
         if key != "reversed"}

    def named(prefix):
        """Parameters, or with the prefix d their gradients."""
        def weight(key):
            # [1, 1, input, gate, output] to [gate · output, input].
            return reordered(a[prefix + key][0, 0].transpose(1, 2, 0).reshape(-1, a[key].shape[2]), "onednn")

        bias = reordered(a[prefix + "bias"].reshape(-1), "onednn")
        # There is one bias; the gradient of each of two is the gradient of their sum.
        result = dict(weight_ih=weight("weights_layer"), weight_hh=weight("weights_iter"), bias_ih=bias,
                      bias_hh=bias if prefix else np.zeros_like(bias))
        if "weights_peephole" in a:
            result.update(peepholes(a[prefix + "weights_peephole"].reshape(-1), "onednn"))
        if "weights_projection" in a:
            result["weight_hr"] = a[prefix + "weights_projection"][0, 0].T
        return result

    H, I = a["c0"].shape[-1], a["x"].shape[-1]
    description = {}
    if "weights_peephole" in a:
        description["peepholes"] = "gers"
    if "weights_projection" in a:
        description["projectionSize"] = a["h0"].shape[-1]
    tensors = {"x": a["x"], "output": a["y"], "upstream.output": a["dy"], "gradient.x": a["dx"]}
    for k, part in enumerate("hc"):
        tensors.update({f"state.{k}": a[part + "0"][0], f"final.{k}": a[part + "n"][0],
                        f"upstream.final.{k}": a[f"d{part}n"][0], f"gradient.state.{k}": a[f"d{part}0"][0]})
    # float32: the unit in the last place is 6e-8; a gradient sums over 5 steps.
    golden.add(name, description, I, H, {"l0": named("")}, tensors, {"l0": named("d")}, reversed=case["reversed"],
               tolerance=5e-6)
golden.save()
