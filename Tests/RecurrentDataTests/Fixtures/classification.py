"""Makes classification.txt: scikit-learn's figures for random predictions.

    pip install scikit-learn==1.9.1 && python classification.py
"""

import pathlib

import numpy as np
from sklearn import metrics


def calibration_error(truth, predicted, probabilities, bins=15):
    """Guo et al. 2017, equation 3, bins (m−1)/15 < p ≤ m/15."""
    confidence = probabilities[np.arange(len(truth)), predicted]
    edges, total = np.linspace(0, 1, bins + 1), 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs((truth == predicted)[inside].mean() - confidence[inside].mean())
    return total


def main():
    rng = np.random.default_rng(5)
    lines = []
    # The last class of the second case occurs nowhere, and one of the third is never predicted.
    for classes, used, count in [(2, 2, 40), (5, 4, 60), (4, 4, 25), (3, 3, 7)]:
        logits = rng.normal(size=(count, classes)) * 1.5
        logits[:, used:] = -30
        truth = rng.integers(0, used, count)
        logits[np.arange(count), truth] += 1
        if classes == 4:
            logits[:, 2] -= 50
        probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        predicted = probabilities.argmax(1)
        labels = list(range(classes))
        lines += [f"case\t{classes}", "truth\t" + "\t".join(map(str, truth))]
        lines += ["row\t" + "\t".join(repr(float(p)) for p in row) for row in probabilities]
        occurring = sorted(set(truth) | set(predicted))
        for average in ["macro", "micro", "weighted"]:
            figures = metrics.precision_recall_fscore_support(
                truth, predicted, labels=occurring, average=average, zero_division=0)[:3]
            lines.append(f"{average}\t" + "\t".join(repr(float(x)) for x in figures))
        each = metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
        for index in labels:
            lines.append("class\t" + "\t".join(repr(float(part[index])) for part in each))
        lines.append(f"accuracy\t{metrics.accuracy_score(truth, predicted)!r}")
        lines.append(f"log_loss\t{float(metrics.log_loss(truth, probabilities, labels=labels))!r}")
        lines.append(f"calibration\t{float(calibration_error(truth, predicted, probabilities))!r}")
        matrix = metrics.confusion_matrix(truth, predicted, labels=labels)
        lines.append("confusion\t" + "\t".join(map(str, matrix.ravel())))
    (pathlib.Path(__file__).parent / "classification.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
