"""Features and resampling on one thread beside librosa, kaldi-native-fbank and soxr, in interleaved rounds.

    python audio.py [--rounds 15] [--seconds 60]

Run it with a Python that has numpy, soundfile, librosa, kaldi-native-fbank, soxr and safetensors; RECURRENT is the program. The time of
a side is that of its fastest pass: what else a machine does only adds. Writes results/audio.json.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]:
    os.environ[name] = "1"

import kaldi_native_fbank  # noqa: E402
import librosa  # noqa: E402
import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import soxr  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from worker import HERE, cpu_name  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=15)
parser.add_argument("--seconds", type=int, default=60)
options = parser.parse_args()
program = os.environ["RECURRENT"]
x = np.random.default_rng(1).normal(0, 0.1, 16000 * options.seconds).astype(np.float32)


def described(name, **changes):
    command = [program, "conformance", "features", name, "16000"]
    return {**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout), **changes}


def kaldi():
    settings = kaldi_native_fbank.FbankOptions()
    settings.frame_opts.dither = 0
    settings.mel_opts.num_bins = 80
    made = kaldi_native_fbank.OnlineFbank(settings)
    made.accept_waveform(16000, x)
    made.input_finished()
    return made.num_frames_ready


def by_librosa(**settings):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=x, sr=16000, **settings))


# Name; what we are asked; the peer and how it does the same.
points = [
    ("80 log-mels, 25 ms every 10 ms (Kaldi)", {"features": described("kaldi-mel")}, "kaldi-native-fbank", kaldi),
    (
        "80 log-mels, 400 points every 160", {"features": described("librosa-mel", fft_size=400, window_length=400, hop_length=160, mels=80)},
        "librosa", lambda: by_librosa(n_fft=400, hop_length=160, n_mels=80),
    ),
    ("128 log-mels, 2048 points every 512", {"features": described("librosa-mel")}, "librosa", lambda: by_librosa()),
    ("16 kHz to 8 kHz", {"rate": 8000}, "soxr HQ", lambda: soxr.resample(x, 16000, 8000)),
    ("16 kHz to 44.1 kHz", {"rate": 44100}, "soxr HQ", lambda: soxr.resample(x, 16000, 44100)),
]
results = []
with tempfile.TemporaryDirectory() as folder:
    sound, source, target = (pathlib.Path(folder, name) for name in ["x.wav", "list.jsonl", "answers.jsonl"])
    soundfile.write(sound, x, 16000, subtype="FLOAT")
    for name, asked, peer, call in points:
        output = str(pathlib.Path(folder, "y.safetensors"))
        source.write_text(json.dumps({"operation": "time", "path": str(sound), "passes": 3, "output": output, **asked}) + "\n")
        ours, theirs = [], []
        call()
        for _ in range(options.rounds):
            subprocess.run([program, "conformance", "audio", source, target], check=True)
            ours.append(float(load_file(output)["y"].min()))
            start = time.perf_counter()
            call()
            theirs.append(time.perf_counter() - start)
        point = {
            "name": name, "times_real_time": round(options.seconds / min(ours)), "peer": peer,
            "peer_times_real_time": round(options.seconds / min(theirs)), "ratio": round(min(theirs) / min(ours), 2),
        }
        results.append(point)
        print(f"{name}: {point['times_real_time']} times real time; {peer} {point['peer_times_real_time']}")
report = {
    "date": time.strftime("%Y-%m-%d"), "cpu": cpu_name(), "cores": os.cpu_count(), "threads": 1,
    "peers": {"librosa": librosa.__version__, "kaldi-native-fbank": "1.23.0", "soxr": soxr.__version__},
    "command": "python Benchmarks/audio.py " + " ".join(sys.argv[1:]),
    "points": sorted(results, key=lambda point: point["ratio"]),
}
(HERE / "results" / "audio.json").write_text(json.dumps(report, indent=2) + "\n")
