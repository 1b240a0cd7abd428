"""Holds tokenizers to Hugging Face `tokenizers`: the same file must give every text the same numbers.

Both directions: files that the program trains, read by the package, and files that the package trains, read by the program.
The texts are 1 MB of mixed scripts, 10,000 random Unicode strings, and lines that have misled tokenizers before. Byte pairs
and words trained by both on the same texts must be the same tokens. Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

PROGRAM = os.environ["RECURRENT"]
failures, counts = [], {"files": 0, "texts": 0, "tokens": 0}

SCRIPTS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF),
    (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2150, 0x218F),
    (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF),
    (0x1F1E6, 0x1F1FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0100, 0xE01EF), (0x10000, 0x10FFFD),
]  # fmt: skip
HARD = [
    "", " ", "  ", "\n", "\r\n", "a", "a  b", "a   b ", "\t\tif x:\n\t\t\treturn  y", "I'll don't we've THEY'RE 's''s 'd'", "!'s ?'t",
    "x\u00a0y \u00a0 z\u3000\u3000w", "\u200b\u200c\u200d", "e\u0301 é ﬁ İ ẞ ΑΣ Ǆ", "人口は１２３，４５６人です。東京タワー", "안녕하세요 세계",
    "👨‍👩‍👧‍👦🇩🇪🇫🇷👍🏽", "rock’n’roll o'clock 'quoted' don''t _a_ __", "<unk> a<pad>b <eos><bos> <UNK> <un", "\x00\x01\x7f\x85\u2028\u2029",
    "1234567890 ¼½ Ⅷ ²", "a" * 3000, "ab" * 3000, " " * 2000 + "x", "漢" * 2000, "\U0010ffff\ue000\ufffe",
]  # fmt: skip


def mixed(rng, length):
    """Words of one script each, mostly divided by spaces."""
    parts, size = [], 0
    while size < length:
        low, high = rng.choice(SCRIPTS[:-1])
        # Few different letters, so that pairs and words come again.
        letters = [chr(low + int((high - low) * rng.random() ** 3)) for _ in range(rng.randint(1, 8))]
        word = "".join(letters) + rng.choice([" ", " ", " ", " ", ", ", ". ", "\n", "'s ", "  ", ""])
        parts.append(word)
        size += len(word.encode())
    return "".join(parts)


def anything(rng):
    """Any scalars, assigned or not."""
    result = []
    for _ in range(rng.randint(0, 24)):
        low, high = rng.choice(SCRIPTS) if rng.random() < 0.9 else (0, 0x10FFFF)
        code = rng.randint(low, high)
        result.append(chr(code if not 0xD800 <= code <= 0xDFFF else 0x20))
    return "".join(result)


def lines_to(path, texts):
    path.write_text("".join(json.dumps([text]) + "\n" for text in texts))


def program(*arguments):
    done = subprocess.run([PROGRAM, "conformance", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        failures.append(f"{' '.join(map(str, arguments))}: {done.stderr.strip()[:300]}")
    return done.returncode == 0


def compare(name, path, theirs, texts, folder):
    """Both encode every text by the same file."""
    if not program("tokenize", path, folder / "texts", folder / "ids"):
        return
    ours = [json.loads(line) for line in (folder / "ids").read_text().splitlines()]
    counts["files"] += 1
    wrong = 0
    for text, mine in zip(texts, ours, strict=True):
        ids = theirs.encode(text).ids
        counts["texts"] += 1
        counts["tokens"] += len(ids)
        if ids != mine["ids"]:
            wrong += 1
            if wrong <= 3:
                failures.append(f"{name}: {text[:60]!r} is {mine['ids'][:20]}, in the package {ids[:20]}")
    if wrong:
        failures.append(f"{name}: {wrong} texts differ")


def bpe(unknown=None, **options):
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token=unknown, **options))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def theirs(corpus):
    """Tokenizers that the package trains."""
    for prefix in [False, True]:
        tokenizer = bpe()
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        trainer = trainers.BpeTrainer(
            vocab_size=2000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<pad>", "<unk>", "<bos>", "<eos>"] if prefix else [])
        tokenizer.train_from_iterator(corpus, trainer)
        yield f"bpe, prefix space {prefix}", tokenizer
    for unknown in [None, "<unk>"]:  # a vocabulary that lacks most bytes
        for fused in [False, True] if unknown else [False]:
            tokenizer = bpe(unknown, fuse_unk=fused)
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            trainer = trainers.BpeTrainer(vocab_size=400, show_progress=False, special_tokens=[unknown] if unknown else [])
            tokenizer.train_from_iterator(["to be or not to be, that is the question"] * 3, trainer)
            yield f"bpe, few bytes, unknown {unknown}, fused {fused}", tokenizer
    tokenizer = bpe()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([line[:40] for line in corpus], trainer)
    yield "bpe, uncut", tokenizer
    for cut in [pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit()]:
        for small in [False, True]:
            tokenizer = tokenizers.Tokenizer(models.WordLevel(unk_token="[UNK]"))
            tokenizer.pre_tokenizer = cut
            if small:
                tokenizer.normalizer = normalizers.Lowercase()
            trainer = trainers.WordLevelTrainer(vocab_size=3000, show_progress=False, special_tokens=["[UNK]", "[PAD]"])
            tokenizer.train_from_iterator(corpus, trainer)
            if small:
                tokenizer.add_tokens(["Added Ones", "xQ"])
            yield f"words, {type(cut).__name__}, small {small}", tokenizer


def main():
    rng = random.Random(6)
    corpus = [mixed(rng, 1000) for _ in range(1000)]
    texts = corpus + [anything(rng) for _ in range(10_000)] + HARD
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lines_to(folder / "corpus", corpus)
        lines_to(folder / "texts", texts)
        for kind, options in [
            ("bytes", []), ("bytes", ["--specials"]), ("bpe", ["--size", "8000"]), ("bpe", ["--size", "1000", "--specials"]),
            ("bpe", ["--size", "1000", "--lowercased"]), ("characters", []), ("characters", ["--size", "300", "--lowercased"]),
            ("words", ["--size", "5000"]), ("words", ["--size", "5000", "--lowercased", "--specials"]),
            ("words", ["--splitting", "whitespace"]), ("words", ["--splitting", "runs"]), ("graphemes", []),
        ]:  # fmt: skip
            path, began = folder / "ours.json", time.perf_counter()
            if not program("train-tokenizer", kind, folder / "corpus", path, *options):
                continue
            seconds, name = time.perf_counter() - began, " ".join([kind, *options])
            package = tokenizers.Tokenizer.from_file(str(path))
            if kind == "graphemes":
                # Unicode 15.1 joins Indic conjuncts, which the package's expressions do not know.
                texts_now = [text for text in texts if not any(0x900 <= ord(c) < 0xE00 for c in text)]
                lines_to(folder / "texts", texts_now)
                compare(name, path, package, texts_now, folder)
                lines_to(folder / "texts", texts)
            else:
                compare(name, path, package, texts, folder)
            if options == ["--size", "8000"]:
                print(f"8,000 byte pairs of 1 MB learned in {seconds:.1f} s")
        for number, (name, package) in enumerate(theirs(corpus)):
            path = folder / f"theirs{number}.json"
            package.save(str(path))
            compare(name, path, package, texts, folder)
        same_training(corpus, folder)
    for failure in failures:
        print("FAIL", failure)
    print(f"tokenizers {tokenizers.__version__}: {counts['files']} files, {counts['texts']} texts, {counts['tokens']} tokens; "
          f"{len(failures)} failures")  # fmt: skip
    return 1 if failures else 0


def same_training(corpus, folder):
    """Byte pairs and words learned from the same texts are the same tokens and merges."""
    package = bpe()
    package.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    package.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=4000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))  # fmt: skip
    program("train-tokenizer", "bpe", folder / "corpus", folder / "same.json", "--size", "4000")
    theirs, ours = json.loads(package.to_str())["model"], json.loads((folder / "same.json").read_text())["model"]
    for part in ["vocab", "merges"]:
        if theirs[part] != ours[part]:
            failures.append(f"byte pairs learned by both: the {part} differs")
    package = tokenizers.Tokenizer(models.WordLevel(unk_token="<unk>"))
    package.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    package.train_from_iterator(
        corpus, trainers.WordLevelTrainer(vocab_size=4000, show_progress=False, special_tokens=["<unk>"]))
    program("train-tokenizer", "words", folder / "corpus", folder / "same.json", "--size", "4000", "--splitting", "whitespace")
    theirs, ours = json.loads(package.to_str())["model"], json.loads((folder / "same.json").read_text())["model"]
    if theirs["vocab"] != ours["vocab"]:
        failures.append("words learned by both: the vocabulary differs")


if __name__ == "__main__":
    sys.exit(main())
