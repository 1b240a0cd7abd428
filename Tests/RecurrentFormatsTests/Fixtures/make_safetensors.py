"""Writes the fixture `reference.safetensors` with the reference implementation, and checks files that we wrote.

    python make_safetensors.py                 writes the fixture beside this script
    python make_safetensors.py check FILE      compares FILE, written by the test, with the same closed-form values

Needs: safetensors 0.8.0 and torch 2.13.0.
"""

import os
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))


def tensors():
    """Closed forms: element k of each tensor is a function of k alone."""
    k = torch.arange(24)
    wave = (k * 37 % 101 - 50).double() / 64  # exact in float32, rounded to nearest even in bfloat16
    return {
        "b.f32": wave.float().reshape(2, 3, 4),
        "a.f32": -wave[:5].float(),
        "f64": (k.double() / 8 - 1).reshape(4, 6),
        "i32": (k * k - 100).int(),
        "i64": (k << 40) - 7,
        "f16": (k / 2 - 3).half().reshape(24, 1),
        "bf16": wave.bfloat16(),
        "i8": (k - 12).to(torch.int8),
        "u8": (k * 10).to(torch.uint8),
        "bool": k % 3 == 0,
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 7),
    }


METADATA = {"format": "pt", "quote\"d": "line\nbreak ä 漢"}


def write(path):
    save_file(tensors(), path, metadata=METADATA)


def check(path):
    with open(path, "rb") as ours:
        bytes_of_ours = ours.read()
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == METADATA, file.metadata()
        assert sorted(file.keys()) == sorted(tensors()), file.keys()
        for name, tensor in tensors().items():
            found = file.get_tensor(name)
            assert found.dtype == tensor.dtype and found.shape == tensor.shape, name
            assert torch.equal(found, tensor), name
    # Both writers lay the data out in the same order; the order of the metadata keys differs from run to run.
    reference = path + ".reference"
    write(reference)
    with open(reference, "rb") as theirs:
        bytes_of_theirs = theirs.read()
    os.remove(reference)

    def data(whole):
        return whole[8 + int.from_bytes(whole[:8], "little"):]

    assert data(bytes_of_ours) == data(bytes_of_theirs)
    print("equal")


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2])
    else:
        write(os.path.join(HERE, "reference.safetensors"))
