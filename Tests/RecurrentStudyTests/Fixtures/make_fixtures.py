"""Writes the golden files of these tests with SciPy, statsmodels, NumPy, scikit-learn and optuna: python make_fixtures.py

statistics.txt   Welch's t-test, Holm's correction, five numbers, the incomplete beta function, quantiles of t
fanova.txt       points, values, optuna's shares over seeds of its forest, and the leaves of one of its trees with its variances
"""

import pathlib

import numpy as np
import scipy.special
import scipy.stats
import statsmodels.stats.multitest
from optuna.importance._fanova._fanova import _Fanova

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(8)


def text(values):
    return "\t".join(repr(float(v)) for v in np.ravel(values))


lines = []
for n, m, scale, shift in [(2, 2, 1, 0), (3, 40, 1, 0.5), (20, 20, 0.01, 8.4), (10, 7, 1e-6, 1), (200, 150, 30, -5), (6, 6, 1, 9)]:
    a, b = rng.normal(0, scale, n) + shift, rng.normal(0.7 * scale, 2 * scale, m) + shift
    t = scipy.stats.ttest_ind(a, b, equal_var=False)
    lines += ["first\t" + text(a), "second\t" + text(b), "welch\t" + text([t.statistic, t.df, t.pvalue])]
for count in [1, 2, 8, 20]:
    p = rng.uniform(0, 0.2, count)
    p[-1] = p[0]
    lines += ["p\t" + text(p), "holm\t" + text(statsmodels.stats.multitest.multipletests(p, method="holm")[1])]
for count in [1, 2, 5, 20, 101]:
    x = np.round(rng.normal(0, 1, count) ** 3, 3)
    q = np.quantile(x, [0, 0.25, 0.5, 0.75, 1])
    reach = 1.5 * (q[3] - q[1])
    inside = x[(x >= q[1] - reach) & (x <= q[3] + reach)]
    lines += ["sample\t" + text(x), "box\t" + text([*q, inside.min(), inside.max(), count - len(inside)])]
for _ in range(40):
    a, b, x = np.exp(rng.uniform(-3, 7)), np.exp(rng.uniform(-3, 7)), rng.uniform()
    lines.append("beta\t" + text([a, b, x, scipy.special.betainc(a, b, x)]))
for df in [1, 2.5, 9, 40, 400]:
    for share in [0.6, 0.8, 0.975, 0.999]:
        lines.append("quantile\t" + text([share, df, scipy.stats.t.ppf(share, df)]))
for x in [-9, -3, -1, -0.1, 0, 0.5, 1.9, 2.1, 6]:
    lines.append("normal\t" + text([x, scipy.stats.norm.cdf(x)]))
(here / "statistics.txt").write_text("\n".join(lines) + "\n")


def grown(x, y, seed, trees=64):
    axes = x.shape[1]
    fanova = _Fanova(n_trees=trees, max_depth=64, min_samples_split=2, min_samples_leaf=1, seed=seed)
    fanova.fit(x, y, np.array([[0.0, 1.0]] * axes), [np.array([k]) for k in range(axes)])
    return fanova


def leaves(tree, axes):
    """The boxes of a tree of scikit-learn."""
    stack, found = [(0, [0.0] * axes, [1.0] * axes)], []
    while stack:
        node, low, high = stack.pop()
        if tree.children_left[node] < 0:
            found.append([*low, *high, tree.value[node][0][0]])
            continue
        axis, at = tree.feature[node], tree.threshold[node]
        upper, lower = list(low), list(high)
        upper[axis], lower[axis] = at, at
        stack += [(tree.children_left[node], low, lower), (tree.children_right[node], upper, high)]
    return found


lines = []
functions = [
    lambda x: 3 * (x[:, 0] - 0.4) ** 2 + 0.5 * x[:, 1],
    lambda x: 8 + 4 * np.abs(x[:, 0] - 0.7) + (x[:, 1] > 0.3) * x[:, 2] + 0.05 * rng.normal(size=len(x)),
    lambda x: np.sin(6 * x[:, 0]) * x[:, 1] + 0.3 * x[:, 3],
]
for function, count in zip(functions, [60, 120, 120]):
    x = rng.uniform(size=(count, 4)).round(4)
    y = function(x).round(5)
    lines += ["points\t" + text(x), "values\t" + text(y)]
    shares = np.array([[grown(x, y, seed).get_importance(k)[0] for k in range(4)] for seed in range(10)])
    lines += ["mean\t" + text(shares.mean(0)), "deviation\t" + text(shares.std(0))]
    tree = grown(x, y, 0, trees=1)
    own = tree._trees[0]
    boxes = leaves(tree._forest.estimators_[0].tree_, 4)
    lines += ["leaves\t" + text(boxes), "variance\t" + text([own.variance])]
    lines.append("single\t" + text([own.get_marginal_variance(np.array([k])) for k in range(4)]))
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    lines.append("pair\t" + text([own.get_marginal_variance(np.array(pair)) for pair in pairs]))
(here / "fanova.txt").write_text("\n".join(lines) + "\n")
