"""Laws that are hard for an estimate of the score, each as ``(rng, n) -> samples (n, n_features)``."""

from __future__ import annotations

import numpy as np


def _column(draw):
    return lambda rng, n: draw(rng, n)[:, None]


def _with_missing(rng, n):
    x = rng.standard_normal(n)
    x[rng.random(n) < 0.05] = -9999.0
    return x


def _rain(rng, n):
    return np.where(rng.random(n) < 0.3, 0.0, rng.gamma(2.0, 1.0, n))


def _contaminated(rng, n):
    return rng.standard_normal(n) * np.where(rng.random(n) < 0.01, 50.0, 1.0)


def _spike(rng, n):
    return rng.standard_normal(n) * np.where(rng.random(n) < 0.3, 0.003, 1.0)


def _two_modes(rng, n):
    return rng.choice([-5.0, 5.0], n) + rng.standard_normal(n)


def _ring(rng, n):
    angle, radius = rng.uniform(0, 2 * np.pi, n), 1.0 + 0.1 * rng.standard_normal(n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _von_mises(rng, n):
    angle = rng.vonmises(0.0, 1.0, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _collinear(rng, n):
    x = rng.standard_normal(n)
    return np.stack([x, x + 1e-3 * rng.standard_normal(n)], axis=1)


def _curve(rng, n):
    x = rng.standard_normal(n)
    return np.stack([x, x**2 + 0.02 * rng.standard_normal(n)], axis=1)


LAWS = {
    "normal": _column(lambda rng, n: rng.standard_normal(n)),
    "normal, mean 1e7": _column(lambda rng, n: 1e7 + rng.standard_normal(n)),
    "normal, mean 1e9": _column(lambda rng, n: 1e9 + rng.standard_normal(n)),
    "normal, deviation 1e-12": _column(lambda rng, n: 1e-12 * rng.standard_normal(n)),
    "normal, single precision, mean 1e5": _column(
        lambda rng, n: (1e5 + 0.1 * rng.standard_normal(n)).astype(np.float32)
    ),
    "normal, 20 variables": lambda rng, n: rng.standard_normal((n, 20)),
    "Student t, 3": _column(lambda rng, n: rng.standard_t(3, n)),
    "Student t, 5": _column(lambda rng, n: rng.standard_t(5, n)),
    "Cauchy": _column(lambda rng, n: rng.standard_cauchy(n)),
    "Laplace": _column(lambda rng, n: rng.laplace(size=n)),
    "logistic": _column(lambda rng, n: rng.logistic(size=n)),
    "Gumbel": _column(lambda rng, n: rng.gumbel(size=n)),
    "Pareto, 3": _column(lambda rng, n: rng.pareto(3, n)),
    "lognormal": _column(lambda rng, n: rng.lognormal(size=n)),
    "log-uniform, four decades": _column(lambda rng, n: 10 ** rng.uniform(-2, 2, n)),
    "exponential": _column(lambda rng, n: rng.exponential(size=n)),
    "gamma, 1/2": _column(lambda rng, n: rng.gamma(0.5, size=n)),
    "uniform": _column(lambda rng, n: rng.uniform(size=n)),
    "arcsine": _column(lambda rng, n: rng.beta(0.5, 0.5, n)),
    "half-normal": _column(lambda rng, n: np.abs(rng.standard_normal(n))),
    "triangular": _column(lambda rng, n: rng.triangular(0, 1, 1, n)),
    "clipped normal": _column(lambda rng, n: np.clip(rng.standard_normal(n), -1, 1)),
    "integers 0 to 5": _column(lambda rng, n: rng.integers(0, 6, n).astype(float)),
    "normal, rounded to 0.1": _column(lambda rng, n: np.round(rng.standard_normal(n), 1)),
    "normal, rounded to 0.5": _column(lambda rng, n: np.round(2 * rng.standard_normal(n)) / 2),
    "5 % of -9999": _column(_with_missing),
    "30 % zeros": _column(_rain),
    "1 % of deviation 50": _column(_contaminated),
    "30 % in a spike": _column(_spike),
    "two modes ten deviations apart": _column(_two_modes),
    "ring with a hole": _ring,
    "von Mises as cosine and sine": _von_mises,
    "collinear": _collinear,
    "parabola": _curve,
}
