"""Recordings of every form beside soundfile; features beside librosa and kaldi-native-fbank; resampling beside soxr.

    RECURRENT=path/of/recurrent python audio.py

Prints what it counted; ends with 1 where anything differs. flac.py makes the streams that no encoder writes.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import kaldi_native_fbank
import librosa
import numpy as np
import soundfile
import soxr
from safetensors.numpy import load_file

warnings.filterwarnings("ignore")
RECURRENT = os.environ["RECURRENT"]
problems = []
rng = np.random.default_rng(3)
choose = random.Random(3)


def ask(cases, folder):
    """The answers to cases, each with the numbers that it gave."""
    for number, case in enumerate(cases):
        case["output"] = str(folder / f"{len(os.listdir(folder))}-{number}.safetensors")
    source, target = folder / "list.jsonl", folder / "answers.jsonl"
    source.write_text("".join(json.dumps(case) + "\n" for case in cases))
    subprocess.run([RECURRENT, "conformance", "audio", source, target], check=True, timeout=900)
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    for case, answer in zip(cases, answers):
        if "error" not in answer:
            answer["y"] = load_file(case["output"])["y"]
    return answers


def sound(count, channels):
    """A few tones, noise, and silence in places."""
    n = np.arange(count)[:, None]
    x = sum(rng.uniform(0, 0.3) * np.sin(n * rng.uniform(0.001, 2, channels)) for _ in range(3))
    x += rng.normal(0, choose.choice([0, 0.001, 0.1]), (count, channels))
    if count > 2000 and choose.random() < 0.5:
        x[500:1500] = 0
    return np.clip(x, -1, 0.999)


# MARK: - Reading and writing

FORMS = {
    "WAV": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"],
    "WAVEX": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"],
    "RF64": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"],
    "FLAC": ["PCM_S8", "PCM_16", "PCM_24"],
}


def reading(folder):
    paths = []
    for form, subtypes in FORMS.items():
        for subtype in subtypes:
            for channels in [1, 2, 3, 8]:
                for endian in ["FILE", "BIG"] if form == "WAV" else ["FILE"]:
                    path = folder / f"{form}-{subtype}-{channels}-{endian}.{'flac' if form == 'FLAC' else 'wav'}"
                    count = choose.choice([0, 1, 2, 1000, 9999]) if form != "FLAC" else choose.choice([1, 1000, 9999])
                    rate = choose.choice([8000, 11025, 16000, 22050, 44100, 48000, 96000, 12345])
                    soundfile.write(path, sound(count, channels), rate, subtype=subtype, format=form, endian=endian)
                    paths.append(path)
    answers = ask([{"operation": "read", "path": str(path)} for path in paths], folder)
    same = 0
    for path, answer in zip(paths, answers):
        theirs, rate = soundfile.read(path, always_2d=True)
        if "error" in answer:
            problems.append(answer["error"])
        elif answer["y"].shape != theirs.shape or not np.array_equal(answer["y"], theirs) or answer["rate"] != rate:
            problems.append(f"{path.name}: other samples than soundfile's")
        else:
            same += 1
    print(f"soundfile: {same} of {len(paths)} files of {sum(map(len, FORMS.values()))} forms read with the same samples")

    same = 0
    forms = {"signed16": ("PCM_16", 2.0**-15), "signed24": ("PCM_24", 2.0**-23), "float32": ("FLOAT", 0)}
    cases = []
    for form in forms:
        for channels in [1, 2, 5]:
            path = folder / f"source-{form}-{channels}.wav"
            soundfile.write(path, sound(choose.choice([1, 999, 5000]), channels), 16000, subtype="FLOAT")
            cases.append({"operation": "write", "path": str(path), "form": form, "target": str(path) + ".written.wav"})
    for case, answer in zip(cases, ask(cases, folder)):
        if "error" in answer:
            problems.append(answer["error"])
            continue
        subtype, step = forms[case["form"]]
        source, _ = soundfile.read(case["path"], always_2d=True)
        with soundfile.SoundFile(case["target"]) as file:
            written = file.read(always_2d=True)
            good = file.subtype == subtype and file.samplerate == 16000
        if not good or written.shape != source.shape or np.abs(written - source).max() > step / 2 + 1e-12:
            problems.append(f"{case['target']}: soundfile reads something else than was written")
        else:
            same += 1
    print(f"soundfile: {same} of {len(cases)} written files read as they were written")


# MARK: - Features


def described(name, rate, **changes):
    answer = subprocess.run(
        [RECURRENT, "conformance", "features", name, str(rate)], check=True, capture_output=True, text=True, timeout=60)
    return {**json.loads(answer.stdout), **changes}


def by_librosa(x, rate, features):
    torch_like = features["edge"] == "reflect"
    extra = dict(htk=True, norm=None, pad_mode="reflect") if torch_like else {}
    mel = librosa.feature.melspectrogram(
        y=x, sr=rate, n_fft=features["fft_size"], hop_length=features["hop_length"], win_length=features["window_length"],
        n_mels=features["mels"], fmin=features["low_frequency"], fmax=features["high_frequency"] or rate / 2, **extra)
    if features["compression"]["kind"] == "log_offset":
        return np.log(mel + features["compression"]["offset"]).T
    loud = librosa.power_to_db(mel, top_db=features["compression"]["range"])
    if features["kind"] == "mel":
        return loud.T
    return librosa.feature.mfcc(S=loud, n_mfcc=features["cepstrum"], lifter=features["lifter"]).T


def by_kaldi(x, rate, features):
    cepstra = features["kind"] == "cepstrum"
    options = kaldi_native_fbank.MfccOptions() if cepstra else kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = rate
    options.frame_opts.snip_edges = features["edge"] == "within"
    options.frame_opts.window_type = {"hann": "hanning"}.get(features["window"], features["window"])
    options.mel_opts.num_bins = features["mels"]
    options.use_energy = features["energy"] == "first"
    options.raw_energy = features["raw_energy"]
    if cepstra:
        options.num_ceps = features["cepstrum"]
    kind = kaldi_native_fbank.OnlineMfcc if cepstra else kaldi_native_fbank.OnlineFbank
    made = kind(options)
    made.accept_waveform(rate, (x * 32768).tolist())
    made.input_finished()
    return np.array([made.get_frame(i) for i in range(made.num_frames_ready)]).reshape(made.num_frames_ready, -1)


def by_definition(x, rate, features):
    """Kaldi's features as they are defined, in double precision."""
    x = x * 32768.0
    length, hop, size, n = features["window_length"], features["hop_length"], features["fft_size"], len(x)
    mels, snip = features["mels"], features["edge"] == "within"
    frames = (1 + (n - length) // hop if n >= length else 0) if snip else (n + hop // 2) // hop
    phase = 2 * np.pi * np.arange(length) / (length - 1)
    window = {
        "povey": (0.5 - 0.5 * np.cos(phase)) ** 0.85, "hann": 0.5 - 0.5 * np.cos(phase), "rectangular": np.ones(length),
        "hamming": 0.54 - 0.46 * np.cos(phase), "blackman": 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase),
    }[features["window"]]
    pitch = lambda f: 1127 * np.log(1 + f / 700)  # noqa: E731
    edges = np.linspace(pitch(20), pitch(rate / 2), mels + 2)
    places = pitch(np.arange(size // 2) * rate / size)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    weights = np.maximum(0, np.minimum((places - left) / (centre - left), (right - places) / (right - centre)))
    floor = np.finfo(np.float32).eps
    rows = []
    for frame in range(frames):
        start = frame * hop if snip else frame * hop + hop // 2 - length // 2
        index = np.arange(start, start + length) % (2 * n)
        part = x[np.where(index >= n, 2 * n - 1 - index, index)]
        part = part - part.mean()
        raw = (part * part).sum()
        part = np.concatenate([[part[0] * 0.03], part[1:] - 0.97 * part[:-1]]) * window
        loud = np.log(max(raw if features["raw_energy"] else (part * part).sum(), floor))
        row = np.log(np.maximum(weights @ (np.abs(np.fft.rfft(part, size)) ** 2)[:-1], floor))
        if features["kind"] == "cepstrum":
            k = np.arange(features["cepstrum"])[:, None]
            table = np.sqrt((1 + (k > 0)) / mels) * np.cos(np.pi / mels * (np.arange(mels) + 0.5) * k)
            row = (table @ row) * (1 + 11 * np.sin(np.pi * np.arange(features["cepstrum"]) / 22))
            if features["energy"] == "first":
                row[0] = loud
        elif features["energy"] == "first":
            row = np.concatenate([[loud], row])
        rows.append(row)
    return np.array(rows)


def features(folder):
    cases, made = [], []
    for number in range(120):
        rate = choose.choice([8000, 16000, 22050])
        count = choose.choice([rate // 8 + number, rate // 2, rate])
        x = sound(count, 1)[:, 0].astype(np.float32)
        path = folder / f"feature-{number}.wav"
        soundfile.write(path, x, rate, subtype="FLOAT")
        kind = choose.choice(["mel", "cepstrum"])
        family = ["librosa", "torchaudio", "kaldi"][number % 3]
        changes = {}
        if family == "kaldi":
            changes["edge"] = choose.choice(["within", "mirror"])
            changes["energy"] = choose.choice(["none", "first"])
            changes["raw_energy"] = choose.random() < 0.7
            changes["window"] = choose.choice(["povey", "povey", "hamming", "hann", "blackman", "rectangular"])
            changes["mels"] = choose.choice([23, 40, 80] if kind == "mel" else [23, 40])
        else:
            size = choose.choice([400, 512, 1024, 2048, 480, 1102])
            changes["fft_size"] = size
            changes["window_length"] = choose.choice([size, size - 80])
            changes["hop_length"] = choose.choice([size // 4, 160, size // 2])
            changes["mels"] = choose.choice([40, 64, 128])
            changes["high_frequency"] = choose.choice([None, rate / 2.5])
            changes["lifter"] = choose.choice([0, 22]) if kind == "cepstrum" else 0
        described_features = described(f"{family}-{kind}", rate, **changes)
        cases.append({"operation": "features", "path": str(path), "features": described_features})
        made.append((family, x, rate))
    worst = {"librosa": 0.0, "torchaudio": 0.0, "kaldi's definition": 0.0}
    near = total = 0
    theirs_worst = 0.0
    for case, (family, x, rate), answer in zip(cases, made, ask(cases, folder)):
        if "error" in answer:
            problems.append(answer["error"])
            continue
        asked, ours = case["features"], answer["y"].astype(np.float64)
        truth = (by_definition if family == "kaldi" else by_librosa)(x.astype(np.float64), rate, asked)
        if ours.shape != truth.shape and ours.size + truth.size > 0:
            problems.append(f"{asked}: shape {ours.shape}, {truth.shape}")
            continue
        name = "kaldi's definition" if family == "kaldi" else family
        # Rows are in single precision, and cepstra in decibels are up to thousands.
        distance = np.abs(ours - truth) / np.maximum(1, np.abs(truth))
        worst[name] = max(worst[name], distance.max(initial=0))
        if distance.max(initial=0) > 1e-4:
            problems.append(f"{asked}: {distance.max()} from {name}")
        if family == "kaldi":
            theirs = by_kaldi(x, rate, asked)
            if theirs.shape != ours.shape and ours.size + theirs.size > 0:
                problems.append(f"{asked}: shape {ours.shape}, kaldi-native-fbank {theirs.shape}")
                continue
            # It computes in single precision, which loses bands far below the loudest: we may be as far from it as it is
            # from the definition, and no further.
            theirs_worst = max(theirs_worst, np.abs(theirs - truth).max(initial=0))
            near += int((np.abs(theirs - ours) <= 1e-4).sum())
            total += ours.size
            if (np.abs(theirs - ours) > np.abs(theirs - truth) + 2e-5).any():
                problems.append(f"{asked}: further from kaldi-native-fbank than the definition is")
    print("features: at most " + ", ".join(f"{value:.1e} from {name}" for name, value in worst.items()) + " of max(1, |x|)")
    print(
        f"features: {near / total:.2%} of {total} numbers within 1e-4 of kaldi-native-fbank, which is up to "
        f"{theirs_worst:.1e} from its definition")


# MARK: - Resampling


def resampling(folder):
    pairs = [(44100, 16000), (48000, 16000), (16000, 8000), (8000, 16000), (11025, 16000), (22050, 8000), (16000, 44100)]
    cases, truths, theirs = [], [], []
    for index, (source, target) in enumerate(pairs):
        # Tones below 0.85 of half the lower rate, which both rates hold exactly.
        top = 0.85 * min(source, target) / 2
        tones = [(rng.uniform(20, top), rng.uniform(0, 6)) for _ in range(8)]
        at = lambda rate: sum(0.1 * np.sin(2 * np.pi * f * np.arange(rate) / rate + p) for f, p in tones)  # noqa: E731
        path = folder / f"rate-{index}.wav"
        soundfile.write(path, at(source).astype(np.float32), source, subtype="FLOAT")
        cases.append({"operation": "resample", "path": str(path), "rate": target})
        truths.append(at(target))
        theirs.append(soxr.resample(at(source), source, target, quality="VHQ"))
    worst = [0, 0]
    for case, truth, their, answer in zip(cases, truths, theirs, ask(cases, folder)):
        if len(answer["y"]) != len(truth):
            problems.append(f"{case}: {len(answer['y'])} samples, not {len(truth)}")
            continue
        middle = slice(len(truth) // 8, len(truth) * 7 // 8)
        distances = [np.abs(y - truth)[middle].max() for y in (answer["y"], their)]
        worst = np.maximum(worst, distances)
        if distances[0] > 1e-5:
            problems.append(f"{case}: {distances[0]} from the truth")
    ours, soxrs = 20 * np.log10(worst)
    print(f"resampling: {len(pairs)} pairs of rates, at most {ours:.0f} dB from the truth; soxr's best quality {soxrs:.0f} dB")


with tempfile.TemporaryDirectory() as name:
    for part in [reading, features, resampling]:
        folder = pathlib.Path(name, part.__name__)
        folder.mkdir()
        part(folder)
for problem in problems[:10]:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
