"""A Langevin model with an exactly Gaussian score: its stationary covariance and its clock are known."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from kgmm import LangevinModel, ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.score.network import Network
from tests.statistical.exact_laws import mean_is

pytestmark = pytest.mark.statistical

SCALE, MEAN = np.array([0.2, 5.0]), np.array([1.0, -3.0])
PRECISION = np.array([[1.2, 0.5], [0.5, 0.9]])  # of the standardised law
COVARIANCE = np.linalg.inv(PRECISION) * np.outer(SCALE, SCALE)
MOBILITY = np.array([[1.0, -0.9], [0.5, 0.7]]) * np.outer(SCALE, SCALE)
SIGMA = 0.3
LAG = 0.5


def gaussian_model(precision: np.ndarray) -> ScoreModel:
    """``s̃(x̃) = −P x̃``: a network without hidden layers makes up the difference to ``−x̃/(1 + σ²)``."""
    weight = np.eye(2) / (1 + SIGMA**2) - precision
    network = Network(((torch.tensor(weight / 2, dtype=torch.float32), torch.zeros(2)),))
    return ScoreModel(network, 2.0, SIGMA, Standardization(MEAN, SCALE, MEAN - 10 * SCALE, MEAN + 10 * SCALE))


def sample(mobility, precision=PRECISION) -> np.ndarray:
    """Two times ``LAG`` apart of 20 000 independent members, minus the mean."""
    model = LangevinModel(gaussian_model(precision), mobility)
    x = model.sample(n_members=20_000, n_steps=100, dt=0.01, save_every=50, burn_in=12.0, seed=3)
    return x.values.astype(float) - MEAN


@pytest.mark.parametrize("mobility", [None, MOBILITY], ids=["identity", "non-symmetric"])
def test_covariance_and_clock(mobility):
    x = sample(mobility)
    standardized = np.eye(2) if mobility is None else mobility / np.outer(SCALE, SCALE)
    decay = expm(-standardized @ PRECISION * LAG)
    decay = decay * SCALE[:, None] / SCALE
    first = x[:, 0, :, None] * x[:, 0, None, :]
    lagged = x[:, 1, :, None] * x[:, 0, None, :]
    assert mean_is(x[:, 0], 0.0)
    assert mean_is(first, COVARIANCE)
    assert mean_is(lagged, decay @ COVARIANCE)
    # Controls: the law without correlation, and the clock of the transposed or of half the mobility.
    assert not mean_is(first, np.diag(SCALE**2))
    wrong = 0.5 * standardized if mobility is None else standardized.T
    assert not mean_is(lagged, expm(-wrong @ PRECISION * LAG) * SCALE[:, None] / SCALE @ COVARIANCE)


def test_zero_weights_give_the_law_of_the_smoothed_data():
    network = Network(((torch.zeros(4, 2), torch.zeros(4)), (torch.zeros(2, 4), torch.zeros(2))))
    score = ScoreModel(network, 1.0, SIGMA, gaussian_model(PRECISION).standardization)
    x = LangevinModel(score).sample(n_members=20_000, n_steps=1, dt=0.01, save_every=1, burn_in=6.0, seed=4)
    x = x.values[:, 0].astype(float) - MEAN
    assert mean_is(x[:, :, None] * x[:, None, :], np.diag((1 + SIGMA**2) * SCALE**2))
    assert not mean_is(x[:, :, None] * x[:, None, :], np.diag(SCALE**2))
