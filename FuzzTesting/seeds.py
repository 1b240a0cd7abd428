"""Writes the seeds of the fuzzer below Corpus/: small files of every kind. python seeds.py

Needs: numpy, safetensors, onnx, tensorboard, soundfile.
"""

import io
import pathlib
import random
import struct
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save

HERE = pathlib.Path(__file__).parent / "Corpus"


def put(target, name, data):
    (HERE / target).mkdir(parents=True, exist_ok=True)
    (HERE / target / name).write_bytes(data)


def npy(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


wave = np.arange(6, dtype="<f4").reshape(2, 3)
arrays = {
    "f4": wave, "f8": wave.astype("<f8"), "big": wave.astype(">f4"), "fortran": np.asfortranarray(wave),
    "scalar": np.array(1, "<i8"), "empty": np.zeros((0, 3), "<i4"), "bool": wave > 2, "half": wave.astype("<f2"),
    "u2": wave.astype("<u2"), "text": np.array(["a"]),
}
for name, array in arrays.items():
    put("npy", name, npy(array))
put("npy", "version2", npy(wave, (2, 0)))
put("npy", "version3", npy(wave, (3, 0)))

for name, save_npz in [("stored", np.savez), ("deflated", np.savez_compressed)]:
    file = io.BytesIO()
    save_npz(file, a=wave, b=arrays["scalar"])
    put("npz", name, file.getvalue())
file = io.BytesIO()
with zipfile.ZipFile(file, "w") as archive:
    archive.writestr("a.npy", npy(wave))
    archive.writestr("ä.npy", npy(arrays["bool"]))
    archive.comment = b"a comment"
put("npz", "plain", file.getvalue())
local = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 5, 20)
local += b"a.npy" + struct.pack("<HHQQ", 1, 16, 80, 80) + npy(np.zeros(0, "<f4"))[:80]
central = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 45, 45, 0, 0, 0, 33, 0, *[2**32 - 1] * 2, 5, 28, 0, 0, 0, 0, 2**32 - 1)
central += b"a.npy" + struct.pack("<HHQQQ", 1, 24, 80, 80, 0)
wide = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(central), len(local))
locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(local) + len(central), 1)
end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 2**16 - 1, 2**16 - 1, 2**32 - 1, 2**32 - 1, 0)
put("npz", "zip64", local + central + wide + locator + end)

put("safetensors", "two", save({"a": wave, "b": arrays["scalar"].reshape(1)}, metadata={"k": "v"}))
put("safetensors", "one", save({"lstm.weight_ih_l0": wave.astype("<f2")}))
put("safetensors", "empty", save({"a": arrays["empty"]}))
header = b'{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}'
put("safetensors", "narrow", struct.pack("<Q", len(header)) + header + b"\0")

for name, text in {
    "object": '{"a":[1,-2.5e3,true,null,"\\u00e4\\n"],"b":{"c":{}}}', "numbers": "[0,-0.0,1e308,9223372036854775807]",
    "text": '"\\ud83d\\ude00 ä 漢"', "nested": "[[[[[[[[1]]]]]]]]", "header": header.decode(),
}.items():
    put("json", name, text.encode())

tensor = helper.make_tensor("W", TensorProto.FLOAT, [1, 4, 1], [1, 2, 3, 4])
x = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["T", 1, 1])
y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
lstm = helper.make_node("LSTM", ["X", "W", "W"], ["Y"], hidden_size=1, activations=["Sigmoid", "Tanh", "Tanh"], clip=3.0)
body = helper.make_graph([helper.make_node("Add", ["s", "x"], ["t"])], "body", [x], [y])
scan = helper.make_node("Scan", ["X", "X"], ["Y"], body=body, num_scan_inputs=1)
models = {"lstm": ([lstm], [tensor]), "scan": ([scan], []), "identity": ([helper.make_node("Identity", ["X"], ["Y"])], [])}
for name, (nodes, initializers) in models.items():
    model = helper.make_model(helper.make_graph(nodes, name, [x], [y], initializers), opset_imports=[helper.make_opsetid("", 21)])
    put("onnx", name, model.SerializeToString())
    put("protobuf", name, model.SerializeToString())
put("protobuf", "tensor", onnx.numpy_helper.from_array(arrays["f8"], "x").SerializeToString())
for kind, values in [(TensorProto.INT64, [1, -1]), (TensorProto.FLOAT16, [1.5]), (TensorProto.BOOL, [True])]:
    made = helper.make_tensor("t", kind, [len(values)], values)
    graph = helper.make_graph([], "g", [], [], [made])
    put("onnx", f"type{kind}", helper.make_model(graph).SerializeToString())

from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: E402

file = io.BytesIO()
writer = RecordWriter(file)
for record in [b"", b"\x09\x00\x00\x00\x00\x00\x00\x00\x00\x1a\x0dbrain.Event:2", b"x" * 20]:
    writer.write(record)
put("records", "three", file.getvalue())
put("records", "torn", file.getvalue()[:-3])

import soundfile  # noqa: E402

tone = np.sin(np.arange(40) / 3).reshape(20, 2) / 2
for form, subtypes in {
    "WAV": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"], "WAVEX": ["PCM_16", "FLOAT"],
    "RF64": ["PCM_16"],
}.items():
    for subtype in subtypes:
        file = io.BytesIO()
        soundfile.write(file, tone, 8000, subtype=subtype, format=form, endian="BIG" if subtype == "PCM_32" else "FILE")
        put("wav", f"{form}-{subtype}", file.getvalue())
plain = io.BytesIO()
soundfile.write(plain, tone, 8000, subtype="PCM_16", format="WAV")
listed = plain.getvalue()
put("wav", "list", listed[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + listed[12:])
put("wav", "endless", listed[:40] + b"\xff" * 4 + listed[44:])
# Frames of few samples, written by a random encoder: every kind of subframe within few bytes.
sys.argv = ["flac.py"]
encoder = {}
source = (pathlib.Path(__file__).parents[1] / "Tests/Conformance/flac.py").read_text()
exec(source[: source.index("rng = random.Random(7)")], encoder)
chance = random.Random(1)
for number in range(60):
    data, _, depth = encoder["stream"](chance, chance.choice([8, 12, 16, 24, 32]))
    if len(data) < 1500:
        put("flac", f"{number}-{depth}", data)

put("arpa", "three", b"""a model
\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-99\t<s>\t-0.3
-1.0\t</s>
-0.7\ta\t-0.2
-0.5\tb\t-0.4
-1.5\t<unk>

\\2-grams:
-0.2 <s> a -0.1
-0.6 a b -0.25
-0.3 b </s>

\\3-grams:
-0.05\t<s> a b

\\end\\
""")
put("arpa", "one", b"\\data\\\r\nngram 1=1\r\n\\1-grams:\r\n-0.5 a\r\n\\end\\\r\n")
head = b"# r\n@problemName x\n@timeStamps false\n@missing true\n@univariate false\n@dimensions 2\n@equalLength false\n"
put("ts", "classes", head + b"@classLabel true a b\n@data\n1,2.5,?:3,-4e2,5:a\n7:8:b\n")
put("ts", "numbers", b"@univariate true\n@seriesLength 3\n@targetLabel true\n@data\n1,2,3:0.5\n4,NaN,6:-1\n")
put("ts", "times", b"@timeStamps true\n@classLabel true a\n@data\n(0,1),(2,3):(1,5),(2,?):a\n")
put("ts", "dates", b"@timeStamps true\n@classLabel true a\n@data\n(2024-01-31 12:30:15,1),(2024-02-01,2):a\n")
put("wide", "named", b"id,x_1,x_2,y_1,y_2,class\nfirst,1,2,3,4,up\nsecond,5,,7,,down\n")
put("wide", "spaced", b"   1.0000000e+00  -1.5e-01  2.0\n   2.0000000e+00   3.5e+00  NaN\n")
put("wide", "last", b"0.5,0.25,7\n0.5,2.25,8\n1.5,1.0,7\n0,2.5,8\n")
put("wide", "comma", b"class;a;b\n1;1,5;2\n2;5;6,25\n")
put("long", "times", b"id,time,u,v,label\na,2,3,4,up\na,1,1,2,up\nb,1,5,,down\n")
put("long", "plain", b"series,u\na,1\na,2\nb,3\n")
put("long", "dates", b"unit\tdate\tu\ty\n1\t2024-01-01\t5\t0.5\n1\t2024-01-02\t6\t0.5\n")
two = b"r 2 360 4\nr.dat 212 200(5)/mV 11 1024 995 0 0 lead I\nr.dat 212 200 11 1024 995 0 0 V5\n# a remark\n\x00"
put("wfdb", "212", two + bytes(range(12)))
for code, size in [(8, 4), (16, 8), (24, 12), (32, 16), (61, 8), (80, 4), (160, 8), (310, 8), (311, 8)]:
    put("wfdb", str(code), b"r 1 250\nr.dat %d\n\x00" % code + bytes(range(100, 100 + size)))
put("wfdb", "frames", b"r 2 250/1000(3) 3\nr.dat 80x2:1+2 100\nr.dat 80\n\x00" + bytes(range(11)))
notes = struct.pack("<HHHHHHHH", 18 | 28 << 10, 2 | 63 << 10, 0x4E28, 5 | 1 << 10, 59 << 10, 1, 4464, 3 | 5 << 10)
put("wfdb", "annotations", notes + struct.pack("<HHHH", 1 | 61 << 10, 2 | 62 << 10, 4 | 60 << 10, 0))

head = b"MThd" + struct.pack(">IHHH", 6, 1, 2, 96)
tempo = b"\0\xff\x51\x03\x07\xa1\x20\0\xff\x58\x04\x03\x02\x18\x08\x60\xff\x51\x03\x0f\x42\x40\0\xff\x2f\0"
notes = b"\0\xff\x03\x01a\0\xc1\x28\0\x91\x3c\x40\x60\x3e\x40\0\x3c\0\x83\x60\x81\x3e\0\0\xb1\x07\x64\0\xf0\x02\x01\xf7\0\xff\x2f\0"
track = [b"MTrk" + struct.pack(">I", len(body)) + body for body in (tempo, notes)]
put("midi", "parallel", head + track[0] + track[1])
put("midi", "single", head[:8] + struct.pack(">HHH", 0, 1, 480) + track[1])
put("midi", "timecode", head[:8] + struct.pack(">HHH", 0, 1, 231 << 8 | 40) + track[1])
put("midi", "alien", head + b"ALEN" + struct.pack(">I", 2) + b"ab" + track[0] + track[1][:-6])
