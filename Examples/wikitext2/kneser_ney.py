"""The perplexity of an interpolated Kneser-Ney n-gram model: the baseline beside the recurrent one.

usage: kneser_ney.py TRAIN TEST [ORDER]

Tokens stand between white space; each line ends with one more. What TRAIN does not know is read as <unk>. One discount an
order, D = n1 / (n1 + 2 n2) of its counts (Kneser & Ney 1995; Chen & Goodman 1999); the unigrams are mixed with the uniform
distribution in the same way.
"""
import math
import sys
from collections import Counter, defaultdict


def tokens(path):
    with open(path, encoding="utf-8") as file:
        return [word for line in file for word in line.rstrip("\n").split() + ["<eos>"]]


def main():
    order = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    train = tokens(sys.argv[1])
    known = set(train) | {"<unk>"}
    test = [word if word in known else "<unk>" for word in tokens(sys.argv[2])]

    # counts[n]: of n-grams; below the highest order of the different words before them.
    counts = {order: Counter(tuple(train[i : i + order]) for i in range(len(train) - order + 1))}
    for n in range(order - 1, 0, -1):
        before = set(tuple(train[i : i + n + 1]) for i in range(len(train) - n))
        counts[n] = Counter(gram[1:] for gram in before)
    total, kinds, discount = {}, {}, {}
    for n in range(1, order + 1):
        once = sum(1 for c in counts[n].values() if c == 1)
        twice = sum(1 for c in counts[n].values() if c == 2)
        discount[n] = once / (once + 2 * twice)
        total[n], kinds[n] = defaultdict(int), defaultdict(int)
        for gram, count in counts[n].items():
            total[n][gram[:-1]] += count
            kinds[n][gram[:-1]] += 1

    def probability(context, word):
        p = 1 / len(known)
        for n in range(1, order + 1):
            history = tuple(context[len(context) - n + 1 :]) if n > 1 else ()
            if len(history) < n - 1 or history not in total[n]:
                break
            count = counts[n].get(history + (word,), 0)
            all = total[n][history]
            p = max(count - discount[n], 0) / all + discount[n] * kinds[n][history] / all * p
        return p

    # The sum over the vocabulary must be one, for a few contexts.
    for i in range(0, len(test), max(1, len(test) // 3)):
        context = test[max(0, i - order + 1) : i]
        assert abs(sum(probability(context, word) for word in known) - 1) < 1e-9
    loss = -sum(
        math.log(probability(test[max(0, i - order + 1) : i], test[i])) for i in range(1, len(test))
    ) / (len(test) - 1)
    print(f"{order}-gram, {len(train)} training tokens, {len(known)} words, {len(test)} test tokens: ", end="")
    print(f"loss {loss:.4f}, perplexity {math.exp(loss):.2f}")


main()
