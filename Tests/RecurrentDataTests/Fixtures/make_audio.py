"""Writes audio_features.txt and the FLAC files beside this script: python make_audio.py

Needs: numpy, librosa 0.11, soundfile. The signal is whole numbers in closed form, so that the tests have it without a file.
Kaldi's features are computed here from their definition in double precision: its own single precision is not exact to 1e-4
where a band is quiet. Tests/Conformance/audio.py holds them to kaldi-native-fbank.
"""

import pathlib

import librosa
import numpy as np
import soundfile

HERE = pathlib.Path(__file__).parent
RATE = 16000


def signal(count):
    n = np.arange(count, dtype=np.int64)
    return ((n * n * 7 + n * 31) % 20011 - 10005 + (n * 911) % 4001 - 2000).astype(np.int16)


def kaldi(x, mels, snip, energy, cepstra=0, lifter=22):
    x = x * 32768.0
    length, hop, size, n = 400, 160, 512, len(x)
    frames = (1 + (n - length) // hop) if snip else (n + hop // 2) // hop
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))) ** 0.85
    pitch = lambda f: 1127 * np.log(1 + f / 700)  # noqa: E731
    edges = np.linspace(pitch(20), pitch(RATE / 2), mels + 2)
    places = pitch(np.arange(size // 2) * RATE / size)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    weights = np.maximum(0, np.minimum((places - left) / (centre - left), (right - places) / (right - centre)))
    floor = np.finfo(np.float32).eps
    rows = []
    for frame in range(frames):
        start = frame * hop if snip else frame * hop + hop // 2 - length // 2
        index = np.arange(start, start + length)
        index = np.where(index < 0, -index - 1, index)
        index = np.where(index >= n, 2 * n - 1 - index, index)
        part = x[index] - x[index].mean()
        loud = np.log(max((part * part).sum(), floor))
        part = np.concatenate([[part[0] * 0.03], part[1:] - 0.97 * part[:-1]]) * window
        row = np.log(np.maximum(weights @ (np.abs(np.fft.rfft(part, size)) ** 2)[:-1], floor))
        if cepstra:
            k = np.arange(cepstra)[:, None]
            table = np.sqrt((1 + (k > 0)) / mels) * np.cos(np.pi / mels * (np.arange(mels) + 0.5) * k)
            row = (table @ row) * (1 + lifter / 2 * np.sin(np.pi * np.arange(cepstra) / lifter))
            if energy:
                row[0] = loud
        elif energy:
            row = np.concatenate([[loud], row])
        rows.append(row)
    return np.array(rows)


x = signal(4000) / 32768.0
torch_like = dict(n_fft=400, hop_length=200, n_mels=128, htk=True, norm=None, pad_mode="reflect")
mel = librosa.feature.melspectrogram
tables = {
    "librosa-mel": librosa.power_to_db(mel(y=x, sr=RATE)).T,
    "librosa-cepstrum": librosa.feature.mfcc(y=x, sr=RATE).T,
    "torchaudio-mel": np.log(mel(y=x, sr=RATE, **torch_like) + 1e-6).T,
    "torchaudio-cepstrum": librosa.feature.mfcc(S=librosa.power_to_db(mel(y=x, sr=RATE, **torch_like)), n_mfcc=40).T,
    "kaldi-mel": kaldi(x, 80, True, False),
    "kaldi-mel-whole-energy": kaldi(x, 80, False, True),
    "kaldi-cepstrum": kaldi(x, 23, True, True, 13),
    "kaldi-cepstrum-whole": kaldi(x, 23, False, False, 13),
    "delta": librosa.feature.delta(kaldi(x, 80, True, False).T, width=5, mode="nearest").T,
}
with open(HERE / "audio_features.txt", "w") as out:
    for name, table in tables.items():
        out.write(f"{name}\t{table.shape[0]}\t{table.shape[1]}\n")
        for row in range(0, table.shape[0], 3):
            for column in [0, 1, *range(2, table.shape[1], 7)]:
                out.write(f"{row}\t{column}\t{table[row, column]:.9g}\n")

stereo = np.stack([signal(900), signal(1800)[900:] // 3], axis=1)
for name, data, subtype in [
    ("mono16", signal(1200), "PCM_16"), ("stereo16", stereo, "PCM_16"), ("silence24", np.zeros((300, 2), np.int32), "PCM_24"),
    ("mono8", signal(500) // 256 * 256, "PCM_S8"), ("stereo24", stereo.astype(np.int32) << 13, "PCM_24"),
]:
    soundfile.write(HERE / f"{name}.flac", data, RATE, subtype=subtype, format="FLAC")
