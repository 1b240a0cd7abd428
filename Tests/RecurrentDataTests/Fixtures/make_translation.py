"""Writes translation.txt: golden values of BLEU, chrF and edit distances.

    python -m pip install sacrebleu==2.6.0
    python Tests/RecurrentDataTests/Fixtures/make_translation.py

A line is a word, then values, separated by tabs; text is percent-encoded UTF-8. A corpus is a line `corpus`, its sentences
(`s`, translation, references) and the scores of it (`bleu` and `chrf`) with their options. Edit distances come from the
enumeration of all ways, not from a table.
"""

import functools
import pathlib
import random
import urllib.parse

from sacrebleu.metrics import BLEU, CHRF

here = pathlib.Path(__file__).resolve().parent
random.seed(20240229)

WORDS = (
    "the a man woman dog is are in on of and two red runs . , ! ? ; : - -- ' \" ( ) [ ] / & % $ # @ * + = < > ~ ` { } | \\ ^ _ "
    "Ein Mann steht auf der Straße . Ein Hund läuft schnell , Übung macht's don't well-known 1,000.50 3.14 2024-02-29 "
    "10-20 a.b. U.S. ... e.g., &quot;quoted&quot; &amp; &amp;lt; &lt;b&gt; <skipped> ΣΊΣΥΦΟΣ Ὀδυσσεύς ΑΣ' İstanbul ǅ ß ẞ "
    "日本語 翻訳。 東京、 мир Привет! 🙂 👩\u200d👧 e\u0301 é ñ nin\u0303o ४२ ٣٫٥ ½ x² a\u00a0b c\u3000d f\u2009g"
).split(" ")


def encoded(text):
    return urllib.parse.quote(text, safe="")


def sentence(words):
    separators = [" "] * 12 + ["", "  ", "\t", "\u00a0", "\x1c", "-\n", "\n"]
    text = ""
    for word in words:
        text += word + random.choice(separators)
    return text


def corpus(count, reference_counts, overlap):
    """Translations that share words and order with their references."""
    pairs = []
    for _ in range(count):
        words = [random.choice(WORDS) for _ in range(random.choice([0, 1, 2, 3, 4, 7, 12, 25]))]
        references = []
        for _ in range(random.choice(reference_counts)):
            other = [w if random.random() < overlap else random.choice(WORDS) for w in words]
            if random.random() < 0.5 and other:
                del other[random.randrange(len(other))]
            references.append(sentence(other))
        pairs.append((sentence(words), references))
    return pairs


@functools.lru_cache(maxsize=None)
def ways(answer, reference):
    """The (substitutions, deletions, insertions) of every way from the reference to the answer."""
    if not answer and not reference:
        return frozenset({(0, 0, 0)})
    found = set()
    if answer and reference:
        cost = 0 if answer[0] == reference[0] else 1
        found |= {(s + cost, d, i) for s, d, i in ways(answer[1:], reference[1:])}
    if answer:
        found |= {(s, d, i + 1) for s, d, i in ways(answer[1:], reference)}
    if reference:
        found |= {(s, d + 1, i) for s, d, i in ways(answer, reference[1:])}
    return frozenset(found)


with open(here / "translation.txt", "w", encoding="utf-8") as file:

    def line(*values):
        file.write("\t".join(str(v) for v in values) + "\n")

    corpora = [
        corpus(30, [1], 0.8), corpus(30, [1], 0.3), corpus(20, [3], 0.7), corpus(20, [1, 2, 4], 0.6),
        corpus(4, [1], 0.5), corpus(1, [1], 0.9), corpus(6, [2], 0.0), [("", ["a b c d"])], [("a b", ["", "a b c"])],
        [("x", ["y"])], [("the the the the", ["the cat the mat", "a the"])],
    ]
    for pairs in corpora:
        line("corpus", len(pairs))
        for translation, references in pairs:
            line("s", encoded(translation), *map(encoded, references))
        most = max(len(references) for _, references in pairs)
        streams = [[r[k] if k < len(r) else None for _, r in pairs] for k in range(most)]
        translations = [t for t, _ in pairs]
        for tokenize in ["13a", "char", "none"]:
            for smooth, value in [("exp", None), ("none", None), ("floor", None), ("floor", 0.01), ("add-k", None), ("add-k", 0.5)]:
                for lowercase in [False, True]:
                    for effective in [False, True]:
                        metric = BLEU(
                            lowercase=lowercase, tokenize=tokenize, smooth_method=smooth, smooth_value=value,
                            effective_order=effective)
                        s = metric.corpus_score(translations, streams)
                        signature = str(metric.get_signature()).rsplit("|version", 1)[0]
                        k = value if value is not None else {"floor": 0.1, "add-k": 1}.get(smooth, 0)
                        line(
                            "bleu", tokenize, smooth, k, int(lowercase), int(effective), repr(s.score), repr(s.bp),
                            s.sys_len, s.ref_len, *map(repr, s.precisions), signature, encoded(s.format(signature="")))
        for characters, words, beta, lowercase in [(6, 0, 2, 0), (6, 2, 2, 0), (6, 2, 3, 1), (4, 1, 1, 1), (1, 0, 2, 0)]:
            metric = CHRF(char_order=characters, word_order=words, beta=beta, lowercase=bool(lowercase))
            s = metric.corpus_score(translations, streams)
            signature = str(metric.get_signature()).rsplit("|version", 1)[0]
            line("chrf", characters, words, beta, lowercase, repr(s.score), s.name, signature)
    for _ in range(150):
        alphabet = "ab" if random.random() < 0.5 else "abcd"
        answer, reference = ("".join(random.choice(alphabet) for _ in range(random.randrange(7))) for _ in range(2))
        s, d, i = min(ways(answer, reference), key=lambda w: (sum(w), w[1] + w[2]))
        line("edit", answer, reference, s, d, i)
