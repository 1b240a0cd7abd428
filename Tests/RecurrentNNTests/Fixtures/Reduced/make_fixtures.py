"""Rounding to 16 and 8 bits by NumPy and PyTorch: python3 make_fixtures.py"""
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

generator = np.random.default_rng(1)
halves = generator.integers(0, 0x7BFF, 700).astype(np.uint16).view(np.float16).astype(np.float32)
following = np.nextafter(halves.astype(np.float16), np.float16(np.inf)).astype(np.float32)
middle = (halves + following) / 2
brains = (generator.integers(0, 0x7F7F, 400).astype(np.uint32) << 16)
ties = (brains | 0x8000).view(np.float32)
special = np.array(
    [0, 65504, 65519.996, 65520, 65536, 3.4028235e38, np.inf, 2**-14, 2**-24, 2**-25, 2**-26, 1e-45, 1.1754942e-38,
     3.3895314e38, 3.3961775e38], np.float32)
anything = generator.integers(0, 0x7F7FFFFF, 800).astype(np.uint32).view(np.float32)
up, down = np.float32(np.inf), np.float32(-np.inf)
with np.errstate(all="ignore"):
    x = np.concatenate([
        halves, middle, np.nextafter(middle, up), np.nextafter(middle, down), ties, np.nextafter(ties, up),
        np.nextafter(ties, down), special, np.nextafter(special, down), anything])
    x = np.concatenate([x, -x]).astype(np.float32)
    half = x.astype(np.float16)

weight = generator.normal(0, 0.2, (24, 37)).astype(np.float32)
weight[3] = 0
weight[5] *= 1e-30
weight[6, 4] = 900
# Ties: whole and half numbers of a scale that is a power of two.
weight[7] = (np.arange(37) - 18).astype(np.float32) / 2
weight[7, 0] = 127
size = np.abs(weight).max(axis=1)
# 16 significant bits, rounded up.
scale = (((size / np.float32(127)).view(np.uint32) + 0xFF) & 0xFFFFFF00).astype(np.uint32).view(np.float32)
scale = np.where(size > 2.0**-100, scale, np.float32(1))
q = np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int8)

save_file(
    {
        "x": torch.from_numpy(x), "half": torch.from_numpy(half), "brain": torch.from_numpy(x).to(torch.bfloat16),
        "weight": torch.from_numpy(weight), "scale": torch.from_numpy(scale), "q": torch.from_numpy(q),
    },
    pathlib.Path(__file__).with_name("rounding.safetensors"))
