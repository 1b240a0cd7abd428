"""Golden values of the search strategies: the update of CMA-ES by its equations, and eigenvalues by LAPACK.

    python3 make_evolution.py            writes evolution.json beside this file
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(20)


def cma_update(n, lam, generations, active):
    """Hansen, arXiv:1604.00772, in NumPy: several generations of given steps y in the order of their fitness."""
    mu = lam // 2
    raw = np.log((lam + 1) / 2) - np.log(np.arange(1, lam + 1))
    positive, negative = raw[:mu], raw[mu:]
    mu_eff = positive.sum() ** 2 / (positive**2).sum()
    mu_eff_minus = negative.sum() ** 2 / (negative**2).sum()
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)
    d_sigma = 1 + 2 * max(0, np.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1, 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff))
    limit = min(1 + c_1 / c_mu, 1 + 2 * mu_eff_minus / (mu_eff + 2), (1 - c_1 - c_mu) / (n * c_mu))
    w = np.where(raw >= 0, raw / raw[raw >= 0].sum(), 0.0)
    if active:
        w = np.where(raw < 0, limit * raw / -raw[raw < 0].sum(), w)
    chi = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))

    m, sigma, C = np.zeros(n), 0.7, np.eye(n)
    p_sigma, p_c = np.zeros(n), np.zeros(n)
    steps = []
    for g in range(generations):
        values, vectors = np.linalg.eigh(C)
        inverse_root = vectors @ np.diag(values**-0.5) @ vectors.T
        y = rng.normal(size=(lam, n)) @ (vectors @ np.diag(values**0.5)).T
        steps.append(y.tolist())
        mean_step = (w[:mu, None] * y[:mu]).sum(0)
        m = m + sigma * mean_step
        p_sigma = (1 - c_sigma) * p_sigma + np.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * inverse_root @ mean_step
        norm = np.linalg.norm(p_sigma)
        h = norm / np.sqrt(1 - (1 - c_sigma) ** (2 * (g + 1))) < (1.4 + 2 / (n + 1)) * chi
        p_c = (1 - c_c) * p_c + h * np.sqrt(c_c * (2 - c_c) * mu_eff) * mean_step
        lengths = np.array([np.linalg.norm(inverse_root @ v) ** 2 for v in y])
        w_own = np.where(w >= 0, w, w * n / lengths)
        C = (
            (1 + c_1 * (1 - h) * c_c * (2 - c_c) - c_1 - c_mu * w.sum()) * C
            + c_1 * np.outer(p_c, p_c)
            + c_mu * sum(wk * np.outer(v, v) for wk, v in zip(w_own, y))
        )
        sigma = sigma * np.exp(min(1, (c_sigma / d_sigma) * (norm / chi - 1)))
    return {
        "dimension": n, "population": lam, "active": active, "steps": steps, "mean": m.tolist(),
        "deviation": float(sigma), "covariance": C.flatten().tolist(), "step_path": p_sigma.tolist(),
        "shape_path": p_c.tolist(),
    }


def eigen(n, kind):
    a = rng.normal(size=(n, n))
    a = a + a.T
    if kind == "repeated":
        q, _ = np.linalg.qr(a)
        a = q @ np.diag(np.repeat([1.0, 2.0, 5.0], [n - 2, 1, 1])) @ q.T
        a = (a + a.T) / 2
    if kind == "graded":
        scale = 10.0 ** -np.arange(n)
        a = a * np.outer(scale, scale)
    return {"size": n, "kind": kind, "matrix": a.flatten().tolist(), "values": np.linalg.eigvalsh(a).tolist()}


golden = {
    "cma": [cma_update(5, 8, 3, True), cma_update(4, 9, 3, False), cma_update(10, 10, 2, True)],
    "eigen": [eigen(1, "plain"), eigen(2, "plain"), eigen(7, "plain"), eigen(40, "plain"), eigen(12, "repeated"),
              eigen(6, "graded")],
}
path = pathlib.Path(__file__).with_name("evolution.json")
path.write_text(json.dumps(golden) + "\n")
