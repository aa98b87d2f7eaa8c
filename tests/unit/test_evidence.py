"""The precision of the prior by the evidence of the cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from kgmm import ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.score import evidence
from kgmm.score.network import Network


def cells(seed: int, n: int = 40, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.normal(size=n))[:, None]
    return x, np.sin(2 * x) + noise * rng.normal(size=(n, 1)), np.ones(n)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_of_a_linear_model_it_is_that_of_the_normal_law(n_outputs):
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(7, 2)), rng.normal(size=(7, n_outputs)), rng.uniform(0.5, 2.0, size=7)
    noise_fraction = 0.3
    start = Network.random((2, n_outputs), 0)
    columns = np.hstack([x, np.ones((7, 1))])

    def by_the_law(precision: float) -> float:
        noise = noise_fraction / n_outputs / (weights / weights.mean())
        covariance = columns @ columns.T / (precision * n_outputs) + np.diag(noise)
        return sum(multivariate_normal(np.zeros(7), covariance).logpdf(column) for column in y.T)

    def by_laplace(precision: float) -> float:
        # The maximum of the posterior, by least squares.
        root = np.sqrt(weights / weights.mean() * n_outputs / noise_fraction)[:, None]
        normal = (root * columns).T @ (root * columns) + precision * n_outputs * np.eye(3)
        best = np.linalg.solve(normal, (root * columns).T @ (root * y))
        parameters = np.concatenate([best[:2].T.ravel(), best[2]])
        fitted = start.with_parameters(start.parameters.new_tensor(parameters))
        return evidence.log_evidence(fitted, x, y, weights, noise_fraction, precision)

    # The two differ by a constant that no precision enters.
    assert by_laplace(0.1) - by_laplace(3.0) == pytest.approx(by_the_law(0.1) - by_the_law(3.0), abs=1e-3)


def chosen(monkeypatch, evidences: list[float], sizes: list[float]) -> int:
    """Which of the fits is taken if they have these evidences, and networks of these sizes."""
    monkeypatch.setattr(evidence, "_mean_square", lambda network, *_: sizes[network.number])
    monkeypatch.setattr(evidence, "log_evidence", lambda network, *_: evidences[network.number])
    fits = iter(range(len(evidences)))

    class Numbered:
        def __init__(self):
            self.number = next(fits)
            self.network = self

    return evidence.fit_by_evidence(lambda prior_precision: Numbered(), None, None, None, 0.1).number


@pytest.mark.parametrize(
    ("evidences", "taken"),
    [
        ([-5.0, -4.0, -3.0, -2.0, -1.5], 3),
        ([-3.0, -2.4, -2.2, -2.1, -2.0], 1),
        # What comes after one that is clearly worse is not tried.
        ([-3.0, -1.0, -4.5, 0.0, 0.0], 1),
    ],
)
def test_the_weakest_prior_within_a_half_of_the_greatest_evidence_is_taken(monkeypatch, evidences, taken):
    assert chosen(monkeypatch, evidences, [1.0] * 5) == taken


def test_a_network_that_has_vanished_is_not_taken(monkeypatch):
    assert chosen(monkeypatch, [-9.5, -8.0, -2.0, -1.0, 0.0], [1.0, 0.9, 0.01, 0.0, 0.0]) == 1


def test_it_is_asked_where_cells_are_few_and_noisy_and_no_precision_is_given(monkeypatch):
    asked = []
    monkeypatch.setattr("kgmm.score.model.fit_by_evidence", lambda fit, *_: asked.append(1) or fit())

    def fit(n: int, noise: float, **options) -> int:
        x, y, weights = cells(0, n)
        of_data = Standardization.of(x)
        asked.clear()
        ScoreModel.fit_points(
            of_data.forward(x), y, weights, sigma=0.1, standardization=of_data, stderr=noise,
            **{"hidden": (4,), "max_iterations": 3, **options},
        )  # fmt: skip
        return len(asked)

    assert fit(40, 0.3) == 1
    assert fit(40, 1e-3) == 0
    assert fit(40, 0.3, prior_precision=0.1) == 0
    assert fit(600, 0.3) == 0  # a fold is held out
    assert fit(40, 0.3, optimizer="adam", steps=10) == 0
