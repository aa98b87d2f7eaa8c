"""The time step of a Langevin model: by stiffness, by halving, and refused where neither helps."""

import numpy as np
import pytest
import torch

from kgmm import LangevinModel, ScientificFailure, ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.langevin.step_size import choose_step, whole_steps
from kgmm.score.network import Network


class Linear:
    """``dX = −r X dt + √(2 r) dW``: the standard normal law at every rate."""

    additive = True

    def __init__(self, rate: float):
        self.rate = rate

    def drift(self, state):
        return -self.rate * state

    def noise(self, state, increment):
        return (2 * self.rate) ** 0.5 * increment


class Explosive(Linear):
    def drift(self, state):
        return state**3


START = torch.randn((1, 2000), generator=torch.Generator().manual_seed(0))


def chosen(equation, claimed, **options):
    jacobians = np.full((10, 1, 1), -claimed)
    return choose_step(equation, START, jacobians, **({"scheme": "heun", "longest": 0.1} | options))


@pytest.mark.parametrize(("interval", "dt", "expected"), [(1.0, 0.3, 0.25), (1.0, 0.25, 0.25), (0.05, 2.0, 0.05)])
def test_whole_steps(interval, dt, expected):
    assert whole_steps(interval, dt) == pytest.approx(expected)


def test_a_step_follows_the_stiffness():
    step = chosen(Linear(20.0), 20.0)
    assert step.lipschitz == 20.0
    # Heun's variance is off by (L dt)²/3 to leading order; a step that differs from its half by 0.005 is refused.
    assert 0.05 <= 20.0 * step.dt <= 0.25
    assert step.difference < 0.005 + 2 * step.stderr


def test_a_step_that_is_too_long_is_halved():
    """The Jacobian claims a slow system: only the check can find that the step is too long."""
    step = chosen(Linear(40.0), 1.0)
    assert step.dt <= 0.25 / 40
    assert chosen(Linear(1.0), 1.0).dt == pytest.approx(0.1)  # and one that is not, is kept


def test_no_step_helps_an_explosion():
    with pytest.raises(ScientificFailure, match="no time step down to"):
        chosen(Explosive(1.0), 1.0)


def test_a_step_divides_the_interval_and_is_the_same_each_time():
    a, b = (chosen(Linear(7.0), 7.0, longest=0.05, seed=3) for _ in range(2))
    assert a == b
    assert round(0.05 / a.dt) == pytest.approx(0.05 / a.dt)


def test_a_model_chooses_in_the_units_of_its_mobility():
    network = Network(((torch.zeros(1, 1), torch.zeros(1)),))
    score = ScoreModel(network, 1.0, 0.1, Standardization(*(np.array([v]) for v in (0.0, 2.0, -10.0, 10.0))))
    points = 2.0 * np.random.default_rng(0).standard_normal((5000, 1))
    slow, fast = (LangevinModel(score, np.array([[phi]])).choose_step(points) for phi in (4.0, 400.0))
    assert slow.lipschitz == pytest.approx(1 / 1.01, rel=1e-4)
    assert fast.lipschitz == pytest.approx(100 / 1.01, rel=1e-4)
    assert fast.dt == pytest.approx(slow.dt / 100)
    x = LangevinModel(score, np.array([[400.0]])).sample(2000, 400, fast.dt, save_every=400, initial=points[:2000])
    assert x.values.std() == pytest.approx(2.0 * 1.01**0.5, rel=0.08)
