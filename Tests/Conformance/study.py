"""Statistics of studies beside SciPy, statsmodels and optuna, on random cases.

    RECURRENT=path/of/recurrent python study.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import optuna
import scipy.stats
import statsmodels.stats.multitest

optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.default_rng(17)
SEEDS = 6
problems = []


def function(axes):
    """A random function of a few settings with main effects, one interaction and some noise."""
    weights, centers = rng.exponential(size=axes), rng.uniform(size=axes)
    a, b = rng.choice(axes, 2, replace=False)
    strength, noise = rng.uniform(0, 4), rng.uniform(0, 0.1)

    def value(x):
        smooth = (weights * np.abs(x - centers) ** 1.5).sum(1)
        return smooth + strength * (x[:, a] - 0.5) * (x[:, b] - 0.5) + noise * rng.normal(size=len(x))

    return value


def shares(x, y, seed):
    """optuna's, of a study whose settings are uniform from 0 to 1."""
    axes = {f"x{k}": optuna.distributions.FloatDistribution(0, 1) for k in range(x.shape[1])}
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(zip(axes, map(float, row))), distributions=axes, value=float(value))
            for row, value in zip(x, y)
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = evaluator.evaluate(study, params=list(axes))
    return [found[name] for name in axes]


cases, expected = [], []
for _ in range(300):
    n, m = rng.integers(2, 60, 2)
    shift, scale = rng.normal(), np.exp(rng.uniform(-8, 8))
    a, b = scale * rng.normal(size=n), scale * (rng.normal(size=m) * np.exp(rng.normal()) + shift)
    test = scipy.stats.ttest_ind(a, b, equal_var=False)
    cases.append({"first": a.tolist(), "second": b.tolist()})
    expected.append([test.statistic, test.df, test.pvalue])
for _ in range(100):
    p = rng.uniform(size=rng.integers(1, 30)) ** 4
    cases.append({"p": p.tolist()})
    expected.append(statsmodels.stats.multitest.multipletests(p, method="holm")[1].tolist())
exact = len(cases)
for _ in range(12):
    axes, count = int(rng.integers(2, 6)), int(rng.integers(40, 160))
    x = rng.uniform(size=(count, axes))
    y = function(axes)(x)
    for seed in range(SEEDS):
        cases.append({"points": x.tolist(), "values": y.tolist(), "seed": seed})
    expected += [shares(x, y, seed) for seed in range(SEEDS)]

with tempfile.TemporaryDirectory() as folder:
    source, target = pathlib.Path(folder, "cases.jsonl"), pathlib.Path(folder, "answers.jsonl")
    source.write_text("".join(json.dumps(case) + "\n" for case in cases))
    subprocess.run([os.environ["RECURRENT"], "conformance", "study", source, target], check=True, timeout=600)
    found = [json.loads(line) for line in target.read_text().splitlines()]
if len(found) != len(cases):
    problems.append(f"{len(found)} answers for {len(cases)} cases")
for index, (own, other) in enumerate(zip(found[:exact], expected[:exact])):
    # A p-value of 1e-60 is a power whose exponent is rounded.
    if own is None or not np.allclose(own, other, rtol=1e-8, atol=0):
        problems.append(f"case {index}: {own} and {other}")
largest, compared = 0.0, 0
for first in range(exact, len(found), SEEDS):
    own, other = np.array(found[first : first + SEEDS]), np.array(expected[first : first + SEEDS])
    # Forests differ from seed to seed. The means of both sides over the seeds must agree within four of their errors.
    error = np.sqrt((own.var(0, ddof=1) + other.var(0, ddof=1)) / SEEDS)
    distance = np.abs(own.mean(0) - other.mean(0))
    largest, compared = max(largest, distance.max()), compared + own.shape[1]
    if (distance > 4 * error + 2e-3).any():
        problems.append(f"shares {own.mean(0)} and {other.mean(0)}, errors {error}")
print(f"SciPy and statsmodels: {exact} tests and corrections alike within 1e-8")
print(f"optuna: {compared} shares of {(len(found) - exact) // SEEDS} random functions, the largest distance {largest:.4f}")
for problem in problems[:10]:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
