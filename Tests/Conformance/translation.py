"""The metrics of translation beside sacrebleu: BLEU and chrF with every option on corpora of many scripts.

    RECURRENT=path/of/recurrent python translation.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

from sacrebleu.metrics import BLEU, CHRF

RECURRENT = os.environ["RECURRENT"]
# What the two sides' tables of Unicode may know differently is left out.
KNOWN = [chr(c) for c in range(32, 0x2FA20) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
WORDS = (
    "the a man woman dog is in on and two red . , ! ? ; : - -- ' \" ( ) [ ] / & % $ # @ * + = < > ~ ` { } | \\ ^ _ ... e.g., "
    "Straße Übung don't 1,000.50 3.14 2024-02-29 10-20 &quot;x&quot; &amp; &amp;lt; &lt;b&gt; <skipped> ΣΊΣΥΦΟΣ İstanbul ẞ "
    "日本語 翻訳。 мир Привет! 🙂 👩\u200d👧 e\u0301 é ४२ ½ a\u00a0b c\u3000d"
).split(" ")
SPACES = [" "] * 12 + ["", "  ", "\t", "\u00a0", "\x1c", "-\n", "\n", "\u2028"]
random.seed(2026)


def word():
    if random.random() < 0.9:
        return random.choice(WORDS)
    return "".join(random.choice(KNOWN) for _ in range(random.randrange(1, 6)))


def text(words):
    return "".join(w + random.choice(SPACES) for w in words)


def corpus():
    overlap, counts = random.random(), random.choice([[1], [1], [3], [1, 2, 4]])
    pairs = []
    for _ in range(random.choice([1, 2, 5, 40])):
        words = [word() for _ in range(random.choice([0, 1, 2, 3, 4, 7, 12, 40]))]
        others = [[w if random.random() < overlap else word() for w in words] for _ in range(random.choice(counts))]
        pairs.append((text(words), [text(o[random.randrange(2):]) for o in others]))
    return pairs


cases, expected = [], []
for _ in range(400):
    pairs = corpus()
    translations, references = [t for t, _ in pairs], [r for _, r in pairs]
    most = max(map(len, references))
    streams = [[r[k] if k < len(r) else None for r in references] for k in range(most)]
    lowercase, effective = random.random() < 0.5, random.random() < 0.5
    smooth, amount = random.choice([("exp", None), ("none", None), ("floor", 0.1), ("floor", 0.02), ("add-k", 1), ("add-k", 0.3)])
    tokenize = random.choice(["13a", "13a", "char", "none"])
    metric = BLEU(lowercase=lowercase, tokenize=tokenize, smooth_method=smooth, smooth_value=amount, effective_order=effective)
    s = metric.corpus_score(translations, streams)
    cases.append(dict(
        translations=translations, references=references, lowercase=lowercase, effective=effective, tokenize=tokenize,
        smooth=smooth, amount=amount or 0))
    expected.append((s.score, s.precisions, [s.sys_len, s.ref_len], str(metric.get_signature()).rsplit("|version", 1)[0]))
    characters, words, beta = random.randrange(1, 7), random.randrange(3), random.randrange(1, 4)
    metric = CHRF(char_order=characters, word_order=words, beta=beta, lowercase=lowercase)
    cases.append(dict(
        translations=translations, references=references, lowercase=lowercase, characters=characters, words=words, beta=beta))
    expected.append((metric.corpus_score(translations, streams).score, None, None, None))

with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
    for case in cases:
        file.write(json.dumps(case) + "\n")
    file.flush()
    result = subprocess.run([RECURRENT, "conformance", "translation", file.name], capture_output=True, text=True, timeout=600)
if result.returncode:
    sys.exit(f"recurrent conformance translation: {result.returncode}: {result.stderr}")
problems = []
for case, (score, precisions, lengths, signature), line in zip(cases, expected, result.stdout.splitlines(), strict=True):
    own = json.loads(line)
    same = abs(own["score"] - score) <= 1e-9
    if precisions is not None:
        same = same and all(abs(a - b) <= 1e-9 for a, b in zip(own["precisions"], precisions))
        same = same and own["lengths"] == lengths and own["signature"] == signature
    if not same:
        problems.append(f"{score} {precisions} {lengths} {signature}\n  {line}\n  {case}")
for problem in problems[:5]:
    print(problem)
print(f"{len(cases) // 2} scores of BLEU and {len(cases) // 2} of chrF, {len(problems)} different")
sys.exit(bool(problems))
