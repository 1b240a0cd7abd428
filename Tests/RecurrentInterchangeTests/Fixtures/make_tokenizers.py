"""Makes tokenizers/: small files of PyPI `tokenizers`, and the numbers that it gives to a few texts.

    pip install tokenizers==0.23.3 && python make_tokenizers.py
"""

import json
import pathlib

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

FOLDER = pathlib.Path(__file__).parent / "tokenizers"
CORPUS = ["The cat sat on the mat; the cats' mats aren't here.", "Die Katze sitzt auf der Matte — und der Kater auch!"] * 3 + [
    "猫は敷物の上に座った。 猫猫", "кот сидит на коврике", "👍🏽 ok 👍 12 345"]  # fmt: skip
TEXTS = CORPUS[:2] + CORPUS[6:] + [
    "", "  two  spaces \n\n and a line", "We'll see: he'd've THEY'RE", "<unk>the<pad> cat", "\u00e9 e\u0301 İ", "Σίσυφος 🇩🇪"]


def save(name, tokenizer):
    tokenizer.save(str(FOLDER / f"{name}.json"), pretty=False)
    ids = [tokenizer.encode(text).ids for text in TEXTS]
    (FOLDER / f"{name}.ids.json").write_text(json.dumps({"texts": TEXTS, "ids": ids}, ensure_ascii=False) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=340, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<pad>", "<unk>"]))  # fmt: skip
    save("byte_pairs", tokenizer)
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.train_from_iterator(CORPUS[:2], trainers.BpeTrainer(vocab_size=60, show_progress=False, special_tokens=["<unk>"]))
    save("few_bytes", tokenizer)
    for name, cut in [("words", pre_tokenizers.Whitespace()), ("spaced", pre_tokenizers.WhitespaceSplit())]:
        tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
        tokenizer.pre_tokenizer = cut
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.train_from_iterator(CORPUS, trainers.WordLevelTrainer(
            vocab_size=40, show_progress=False, special_tokens=["<unk>", "<pad>"]))  # fmt: skip
        tokenizer.add_tokens(["The Cat"])
        save(name, tokenizer)


if __name__ == "__main__":
    main()
