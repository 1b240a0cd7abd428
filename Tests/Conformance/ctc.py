"""Temporal classification beside PyTorch's log_softmax and ctc_loss: loss and gradient in float64 on random ragged cases;
and word and character error rates beside jiwer.

    RECURRENT=path/of/recurrent python ctc.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import jiwer
import torch
from safetensors.torch import load_file, save_file

CASES = 1000
TOLERANCE = 1e-9
problems = []


def program(*arguments):
    subprocess.run([os.environ["RECURRENT"], "conformance", *map(str, arguments)], check=True, timeout=600)


def case(generator, number):
    def whole(low, high):
        return int(torch.randint(low, high, (), generator=generator))

    T, B, K = whole(1, 60), whole(1, 6), whole(2, 30)
    blank = whole(0, K)
    lengths = torch.tensor([whole(1, T + 1) for _ in range(B)], dtype=torch.int32)
    # Some targets are empty, some cannot be spelt in the frames there are.
    counts = torch.tensor([whole(0, min(40, n + 2)) for n in lengths.tolist()], dtype=torch.int32)
    others = torch.tensor([k for k in range(K) if k != blank], dtype=torch.int32)
    targets = others[torch.randint(0, K - 1, (int(counts.sum()),), generator=generator)]
    sharpness = [0.1, 1, 5, 25, 100][number % 5]
    logits = sharpness * torch.randn(T, B, K, generator=generator, dtype=torch.float64)
    return {"logits": logits, "lengths": lengths, "targets": targets, "target_lengths": counts,
            "blank": torch.tensor([blank], dtype=torch.int32)}


def losses(folder):
    generator = torch.Generator().manual_seed(7)
    cases = [case(generator, number) for number in range(CASES)]
    save_file({f"{n}.{k}": v.contiguous() for n, c in enumerate(cases) for k, v in c.items()}, folder / "cases.safetensors")
    program("ctc", folder / "cases.safetensors", folder / "losses.safetensors")
    ours = load_file(folder / "losses.safetensors")
    worst, infinite, sequences, drift = [0.0, 0.0], 0, 0, 0.0
    for n, c in enumerate(cases):
        x = c["logits"].clone().requires_grad_()
        theirs = torch.nn.functional.ctc_loss(
            x.log_softmax(-1), c["targets"].long(), c["lengths"].long(), c["target_lengths"].long(),
            blank=int(c["blank"]), reduction="none", zero_infinity=True)
        theirs.sum().backward()
        with torch.no_grad():
            loss = ((ours[f"{n}.loss"] - theirs).abs() / theirs.abs().clamp(min=1)).max().item()
            slope = (ours[f"{n}.gradient"] - x.grad).abs().max().item()
            drift = max(drift, ours[f"{n}.gradient"].sum(-1).abs().max().item())
            infinite += int((theirs == 0).sum())
        sequences += theirs.numel()
        worst = [max(worst[0], loss), max(worst[1], slope)]
        if not (loss < TOLERANCE and slope < TOLERANCE):
            problems.append(f"case {n}: loss differs by {loss}, gradient by {slope}")
    print(f"ctc_loss: {CASES} batches of {sequences} sequences ({infinite} impossible or sure), losses within "
          f"{worst[0]:.1e} of their size, gradients within {worst[1]:.1e}; a frame's gradient sums to {drift:.1e} at most")


def rates(folder):
    rng = random.Random(5)
    letters = "abcdeéß漢 "

    def text():
        return " ".join("".join(rng.choices(letters, k=rng.randrange(0, 30))).split())

    def changed(words):
        kept = [w for w in words.split() if rng.random() > 0.2]
        return " ".join(w if rng.random() > 0.3 else text() for w in kept)

    sets = []
    for _ in range(500):
        reference = [t for t in (text() for _ in range(rng.randrange(1, 10))) if t] or ["a"]
        sets.append({"reference": reference, "said": [" ".join(changed(r).split()) for r in reference]})
    source, target = folder / "texts.jsonl", folder / "rates.jsonl"
    source.write_text("".join(json.dumps(s) + "\n" for s in sets))
    program("transcriptions", source, target)
    for n, (item, line) in enumerate(zip(sets, target.read_text().splitlines(), strict=True)):
        found = json.loads(line)
        wer, cer = jiwer.wer(item["reference"], item["said"]), jiwer.cer(item["reference"], item["said"])
        if abs(found["wer"]["rate"] - wer) > 1e-12 or abs(found["cer"]["rate"] - cer) > 1e-12:
            problems.append(f"texts {n}: {found['wer']['rate']} {found['cer']['rate']}, jiwer {wer} {cer}")
    print(f"jiwer: word and character error rates of {len(sets)} sets of texts")


with tempfile.TemporaryDirectory() as name:
    losses(pathlib.Path(name))
    rates(pathlib.Path(name))
for problem in problems[:10]:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
