"""Writes train.tsv, test.tsv and unseen.tsv, and shows the baseline: prepare.py DATA FOLDER"""

import pathlib
import random
import sys

data, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
random.seed(0)
train, test = [], []
for path in sorted(data.glob("[A-Z]*.txt")):
    names = [line.strip() for line in open(path, encoding="utf-8") if line.strip()]
    random.shuffle(names)
    held = round(len(names) / 10)
    test += [(name, path.stem) for name in names[:held]]
    train += [(name, path.stem) for name in names[held:]]
seen = {name for name, _ in train}
unseen = [row for row in test if row[0] not in seen]
for part, rows in [("train", train), ("test", test), ("unseen", unseen)]:
    with open(folder / f"{part}.tsv", "w", encoding="utf-8") as out:
        out.write("name\tlanguage\n" + "".join(f"{name}\t{language}\n" for name, language in rows))
try:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
except ImportError:
    sys.exit()
count = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False)
model = LogisticRegression(C=3, max_iter=300).fit(
    count.fit_transform([name for name, _ in train]), [language for _, language in train])
for part, rows in [("test", test), ("unseen", unseen)]:
    share = model.score(count.transform([name for name, _ in rows]), [language for _, language in rows])
    print(f"logistic regression on {len(rows)} names ({part}): {share:.4f}")
