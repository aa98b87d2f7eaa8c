"""Simulation: determinism, labels, divergence and refusals. Its laws are tested under tests/statistical."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kgmm import DivergenceError, get_system, simulate, system_names
from kgmm.sde.ensemble import Ensemble
from kgmm.sde.schemes import euler_maruyama, heun
from kgmm.sde.simulation import stationary_ensemble
from kgmm.systems.double_well import DoubleWell

QUICK = {"n_members": 20, "n_times": 4, "interval": 0.1, "dt": 0.01, "burn_in": 0.5}


def test_labels_and_attributes():
    x = simulate("asymmetric_potential", **QUICK)
    assert x.dims == ("member", "time", "variable")
    assert x.shape == (20, 4, 2)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x["time"], [0.1, 0.2, 0.3, 0.4])
    assert list(x["variable"].values) == ["x1", "x2"]
    assert (x.attrs["system"], x.attrs["dt"]) == ("asymmetric_potential", 0.01)


def test_same_seed_same_bytes():
    a, b, c = (simulate("double_well", seed=seed, **QUICK).values for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_a_seed_sequence_gives_the_same_bytes_each_time():
    sequence = np.random.SeedSequence([1, 2])
    a, b = (simulate("double_well", seed=sequence, **QUICK).values for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_pieces_follow_each_other(monkeypatch):
    whole = simulate("double_well", **QUICK).values
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 25)  # one time of 20 members
    np.testing.assert_array_equal(simulate("double_well", **QUICK).values, whole)


def test_members_are_independent_of_each_other():
    x = simulate("ornstein_uhlenbeck", **{**QUICK, "n_members": 2000}).values[:, 0, 0]
    neighbours = np.corrcoef(x[:-1], x[1:])[0, 1]
    assert abs(neighbours) < 4.5 / 2000**0.5


@pytest.mark.parametrize("name", system_names())
def test_systems_take_tensors_and_arrays_alike(name):
    system = get_system(name)
    state = system.initial_state(5, np.random.default_rng(0))
    assert state.shape == (system.dimension, 5)
    np.testing.assert_allclose(system.drift(torch.tensor(state)).numpy(), system.drift(state))
    before = state.copy()
    system.drift(state)
    np.testing.assert_array_equal(state, before)
    assert system.observe(state).shape == (len(system.variables), 5)


def equation(drift, noise):
    return SimpleNamespace(additive=True, drift=drift, noise=noise)


def test_steps_are_the_formulas_they_state():
    cubic = equation(lambda x: -(x**3), lambda x, increment: 2 * increment)
    x, increment, dt = torch.tensor([[0.7, -1.2]]), torch.tensor([[0.1, 0.3]]), 0.1
    predicted = x - dt * x**3 + 2 * increment
    torch.testing.assert_close(euler_maruyama(cubic, dt)(x, increment), predicted)
    torch.testing.assert_close(heun(cubic, dt)(x, increment), x - dt / 2 * (x**3 + predicted**3) + 2 * increment)
    torch.testing.assert_close(x, torch.tensor([[0.7, -1.2]]))


@dataclass(frozen=True)
class Escaping(DoubleWell):
    """A double well upside down: every member runs off."""

    name = "escaping"

    def drift(self, state):
        return 4.0 * state * (state * state - 1.0)


def test_divergence_names_system_scheme_step_time_and_member():
    with pytest.raises(DivergenceError) as failure:
        simulate("double_well", n_members=50, n_times=1, interval=1.0, dt=1.0, burn_in=5.0, seed=1)
    message = str(failure.value)
    assert message.startswith("double_well diverged: scheme heun with dt = 1 left member ")
    assert "non-finite by time 5" in message
    assert "of 50 members" in message and "use a smaller dt" in message


def test_divergence_while_recording_gives_the_time():
    with pytest.raises(DivergenceError, match=r"escaping diverged: scheme euler_maruyama .* by time [1-9]\d* "):
        simulate(
            Escaping(), n_members=20, n_times=20, interval=1.0, dt=0.01, burn_in=0.0, scheme="euler_maruyama", seed=1
        )


def test_the_member_named_is_the_one_that_diverged():
    state = torch.zeros(1, 4)
    state[0, 2] = float("inf")
    still = equation(lambda x: 0 * x, lambda x, w: w)
    ensemble = Ensemble(still, state, dt=0.1, scheme="heun", generator=torch.Generator(), label="nothing")
    with pytest.raises(DivergenceError, match=r"left member 2 non-finite by time 0.1 \(1 of 4 members\)"):
        ensemble.advance(1)


def test_large_finite_states_are_not_divergence():
    state = torch.full((1, 4), 3e38)
    still = equation(lambda x: 0 * x, lambda x, w: 0 * w)
    ensemble = Ensemble(still, state, dt=0.1, scheme="euler_maruyama", generator=torch.Generator(), label="nothing")
    ensemble.advance(1)
    assert torch.equal(ensemble.state, state)


def test_members_can_be_dropped():
    ensemble = stationary_ensemble(get_system("double_well"), n_members=10, seed=1, burn_in=0.05)
    kept = ensemble.state[:, :3].clone()
    ensemble.keep_members(3)
    assert torch.equal(ensemble.state, kept)
    ensemble.advance(2)
    assert ensemble.state.shape == (1, 3)
    assert ensemble.time == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"system": "triple_well"}, "unknown system 'triple_well': known are"),
        ({"n_members": 0}, "n_members is 0: input should be greater than or equal to 1"),
        ({"n_times": 0}, "n_times is 0: input should be greater than or equal to 1"),
        ({"interval": 0.0}, "interval is 0.0: input should be greater than 0"),
        ({"interval": 0.015}, "interval is 0.015: it must be a non-negative multiple of dt = 0.01"),
        ({"burn_in": -1.0}, "burn_in is -1.0: input should be greater than or equal to 0"),
        ({"dt": 0.0}, "dt is 0.0: input should be greater than 0"),
        ({"dt": -0.01}, "dt is -0.01: input should be greater than 0"),
        ({"scheme": "rk5"}, "unknown scheme 'rk5': known are etdrk4, euler_maruyama, heun"),
        ({"precision": "float31"}, "precision.*float31"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(ValueError, match=message):
        simulate(**{"system": "double_well", **QUICK, **changes})


def test_statistics_that_are_not_known_say_so():
    system = get_system("lorenz63")
    assert not system.has_exact_density
    with pytest.raises(NotImplementedError, match="the exact score of lorenz63 is not known"):
        system.score(np.zeros((1, 3)))
    with pytest.raises(NotImplementedError, match="the exact density of lorenz63 is not known"):
        system.log_density(np.zeros((1, 3)))
