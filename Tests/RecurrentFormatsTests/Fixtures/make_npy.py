"""Writes the NPY and NPZ fixtures with numpy: python make_npy.py

The closed forms are those of NPYTests.swift.
"""

import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
k = np.arange(24)
wave = ((k * 37 % 101 - 50) / 64).astype("<f4")
arrays = {
    "float32": wave.reshape(2, 3, 4),
    "float64": (k / 8 - 1).reshape(4, 6),
    "int32": (k * k - 100).astype("<i4"),
    "int64": (k.astype("<i8") << 40) - 7,
    "float16": (k / 2 - 3).astype("<f2").reshape(24, 1),
    "int8": (k - 12).astype("i1"),
    "uint8": (k * 10).astype("u1"),
    "bool": k % 3 == 0,
    "scalar": np.array(2.5, "<f4"),
    "empty": np.zeros((0, 7), "<f4"),
}
for name in ["float32", "float64", "int32", "int64", "float16"]:
    arrays[f"big/{name}"] = arrays[name].astype(arrays[name].dtype.newbyteorder(">"))
for name in ["float32", "float64", "float16", "uint8"]:
    shape = {"float16": (2, 12), "uint8": (2, 1, 3, 4)}.get(name, arrays[name].shape)
    arrays[f"fortran/{name}"] = np.asfortranarray(arrays[name].reshape(shape))
arrays["both"] = np.asfortranarray(arrays["float32"].astype(">f4"))
arrays["ä 漢"] = wave[:2]
np.savez(here / "arrays.npz", **arrays)
np.savez_compressed(here / "compressed.npz", a=wave)

for version in [(1, 0), (2, 0), (3, 0)]:
    with open(here / f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, arrays["float32"], version=version)
