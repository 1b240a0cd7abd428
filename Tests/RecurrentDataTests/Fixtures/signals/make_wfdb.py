"""Writes wfdb.txt: the bytes of small WFDB records in every format, with what the package wfdb reads from them.

    python make_wfdb.py

Needs numpy and wfdb. Each line is tab-separated: a name, the head with | for line ends, the bytes of the samples in
hexadecimal, then for each signal the samples and the physical values, with spaces between.
"""

import pathlib
import tempfile

import numpy as np
import wfdb

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(5)


def pack(fmt, x):
    x = [int(v) for v in x]
    if fmt == 8:
        steps = np.diff([0] + x)
        return bytes(int(v) & 0xFF for v in steps)
    if fmt == 80:
        return bytes(v + 128 for v in x)
    if fmt == 16:
        return np.array(x, "<i2").tobytes()
    if fmt == 61:
        return np.array(x, ">i2").tobytes()
    if fmt == 160:
        return (np.array(x) + 32768).astype("<u2").tobytes()
    if fmt == 24:
        return b"".join((v & 0xFFFFFF).to_bytes(3, "little") for v in x)
    if fmt == 32:
        return np.array(x, "<i4").tobytes()
    out = b""
    if fmt == 212:
        x = x + [0] * (-len(x) % 2)
        for a, b in zip(x[::2], x[1::2]):
            a, b = a & 0xFFF, b & 0xFFF
            out += bytes([a & 0xFF, a >> 8 | b >> 8 << 4, b & 0xFF])
        return out
    x = x + [0] * (-len(x) % 3)
    for a, b, c in zip(x[::3], x[1::3], x[2::3]):
        a, b, c = a & 0x3FF, b & 0x3FF, c & 0x3FF
        if fmt == 310:
            words = [a << 1 | (c & 0x1F) << 11, b << 1 | c >> 5 << 11]
            out += b"".join(w.to_bytes(2, "little") for w in words)
        else:
            out += (a | b << 10 | c << 20).to_bytes(4, "little")
    return out


lines = []
ranges = {8: 60, 80: 127, 16: 32767, 61: 32767, 160: 32767, 24: 8000000, 32: 2000000000, 212: 2047, 310: 511, 311: 511}
for fmt, top in ranges.items():
    for signals in ([1] if fmt == 8 else [1, 2, 3]):
        n = 12
        data = rng.integers(-top, top + 1, (n, signals))
        if fmt == 8:
            data = np.cumsum(rng.integers(-100, 100, (n, 1)), axis=0)
        missing = {80: -128, 16: -32768, 160: -32768, 24: -8388608, 32: -2147483648, 212: -2048, 310: -512, 311: -512}
        if fmt in missing:
            data[3, 0] = missing[fmt]
        name = f"r{fmt}x{signals}"
        head = [f"{name} {signals} 360 {n}"]
        for s in range(signals):
            checksum = int(data[:, s].astype(np.int64).sum()) & 0xFFFF
            checksum = checksum - 65536 if checksum > 32767 else checksum
            initial = 0 if fmt == 8 else int(data[0, s])
            head.append(f"{name}.dat {fmt} {100 + s}({s * 7})/mV 16 {s} {initial} {checksum} 0 lead {s}")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            blob = pack(fmt, data.reshape(-1))
            (path / f"{name}.hea").write_text("\n".join(head) + "\n# a remark\n")
            (path / f"{name}.dat").write_bytes(blob)
            if fmt == 8:
                digital, physical = data, (data - 0) / 100.0
            else:
                digital = wfdb.rdrecord(str(path / name), physical=False).d_signal
                physical = wfdb.rdrecord(str(path / name)).p_signal
            assert (digital == data).all(), fmt
        columns = []
        for s in range(signals):
            columns.append(" ".join(str(int(v)) for v in digital[:, s]))
            columns.append(" ".join(repr(float(v)) for v in physical[:, s]))
        lines.append("\t".join([name, "|".join(head + ["# a remark"]), blob.hex(), *columns]))

# Annotations with skips, numbers, channels, subtypes and texts, as the package writes them.
with tempfile.TemporaryDirectory() as folder:
    sample = np.array([18, 77, 370, 2000, 70000, 70001, 9000000])
    symbol = ["+", "N", "V", "A", "N", "/", "~"]
    aux = ["(N", "", "", "odd", "", "(AFIB", ""]
    wfdb.wrann(
        "r", "atr", sample, symbol, subtype=np.array([0, 0, 1, 0, -3, 0, 5]), chan=np.array([0, 0, 1, 1, 0, 2, 0]),
        num=np.array([0, 2, 0, 0, 1, 0, 0]), aux_note=aux, fs=360, write_dir=folder)
    back = wfdb.rdann(str(pathlib.Path(folder) / "r"), "atr")
    blob = (pathlib.Path(folder) / "r.atr").read_bytes()
    rows = [f"{s} {k} {t} {c} {n} {a or '-'}" for s, k, t, c, n, a in zip(
        back.sample, back.symbol, back.subtype, back.chan, back.num, [x.rstrip(chr(0)) for x in back.aux_note])]
    lines.append("\t".join(["annotations", str(back.fs), blob.hex(), *rows]))
(here / "wfdb.txt").write_text("\n".join(lines) + "\n")
