"""Fits of the network to noisy points, with a fold held out, and the state of theirs that should be kept."""

import numpy as np
import pytest
import torch

from kgmm.score.network import Network
from kgmm.score.training import fit_network

all_optimizers = pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "orthogonal"])
ENDLESS = 10**6


def noisy_points(n=300, noise=1.0, seed=0):
    """Points of which a large network could learn every target by heart."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4))
    return x, function(x) + noise * rng.standard_normal((n, 1)), np.ones(n)


def function(x):
    return np.tanh(x[:, :1] + x[:, 1:2])


def every(k, n=300):
    fold = np.zeros(n, dtype=bool)
    fold[::k] = True
    return fold


FOLD = every(4)


def fit(points=None, *, held_out=FOLD, optimizer="lbfgs", **options):
    sizes = {"hidden": (30,), "max_iterations": 300, "steps": 600, "batch_size": 64, "learning_rate": 0.02, "seed": 3}
    return fit_network(*(points or noisy_points()), held_out=held_out, optimizer=optimizer, **{**sizes, **options})


def loss_on(network: Network, points, chosen) -> float:
    x, y, w = (a[chosen] for a in points)
    error = network(torch.tensor(x, dtype=torch.float32)).double().numpy() - y
    return float((w[:, None] / w.sum() * error**2).sum())


# Half of few and noisy points held out, and a network and time enough to learn the noise of the others.
HALF = every(2, 200)
RICH = {"held_out": HALF, "hidden": (60,), "steps": 1000, "learning_rate": 0.05}


def few_points(seed=0, noise=2.0):
    return noisy_points(200, noise, seed)


def losses_of(states, points, fold) -> np.ndarray:
    """Share of every held-out point in the loss of every state, ``(n_states, n_fold)``."""
    x, y, w = (a[fold] for a in points)
    x = torch.tensor(x, dtype=torch.float32)
    return np.array([w / w.sum() * ((state(x).double().numpy() - y) ** 2).sum(axis=1) for state in states])


def last_not_worse(losses, standard_errors=2.0) -> int:
    """Index of the last state whose mean loss is within so many standard errors of that of the best."""
    difference = (losses - losses[losses.sum(axis=1).argmin()]) * losses.shape[1]
    error = difference.std(axis=1) / losses.shape[1] ** 0.5
    return int(np.flatnonzero(difference.mean(axis=1) <= standard_errors * error)[-1])


def watched(points, **options):
    states = []
    found = fit(points, observe=lambda k, network: states.append(network), **{**RICH, **options})
    return found, states
