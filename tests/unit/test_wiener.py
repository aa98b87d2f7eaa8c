"""Increments of the Wiener process: the same numbers whether or not they are drawn ahead."""

import pytest
import torch

from kgmm.sde.ensemble import Ensemble
from kgmm.sde.wiener import Increments
from kgmm.systems.double_well import DoubleWell


def draws(n, shape=(3, 40), dt=0.25, seed=0, **kind):
    generator = torch.Generator().manual_seed(seed)
    increments = Increments(torch.empty(shape, **kind), generator, dt)
    values = torch.stack([increments.draw().clone() for _ in range(n)])
    increments.close()
    return values, torch.empty(5).normal_(generator=generator)


@pytest.fixture(params=[1 << 19, 600, 1])
def block(request, monkeypatch):
    """Numbers drawn at once: all, a few increments, and less than one."""
    monkeypatch.setattr("kgmm.sde.wiener._NUMBERS_AT_ONCE", request.param)


def test_two_threads_give_the_same_numbers(block, threads):
    threads(1)
    alone, next_alone = draws(33)
    threads(2)
    ahead, next_ahead = draws(33)
    assert torch.equal(alone, ahead)
    assert torch.equal(next_alone, next_ahead)  # the generator is where it would be
    assert not torch.equal(alone, draws(33, seed=1)[0])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_closing_before_the_first_draw_leaves_the_generator_as_it_is(threads, n_threads):
    threads(n_threads)
    expected = torch.empty(5).normal_(generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    Increments(torch.empty(2, 2), generator, 0.1).close()
    assert torch.equal(torch.empty(5).normal_(generator=generator), expected)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_increments_are_normal_with_variance_dt(block, threads, n_threads, dtype):
    threads(n_threads)
    dt = 0.04
    values = draws(500, dt=dt, dtype=dtype)[0]
    assert values.dtype == dtype and values.shape == (500, 3, 40)
    n = values.numel()
    assert abs(values.mean()) < 4.5 * (dt / n) ** 0.5
    assert abs(values.var() / dt - 1) < 4.5 * (2 / n) ** 0.5
    assert abs((values**4).mean() / dt**2 - 3) < 4.5 * (96 / n) ** 0.5
    # Neither in the next increment nor in the next block is there anything of the one before.
    for lag in (1, 5, 10):
        product = (values[lag:] * values[:-lag]) / dt
        assert abs(product.mean()) < 4.5 * product.numel() ** -0.5


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_increment_may_be_changed_in_place(block, threads, n_threads):
    expected = draws(12)[0]
    threads(n_threads)
    increments = Increments(torch.empty(3, 40), torch.Generator().manual_seed(0), 0.25)
    for k in range(12):
        increment = increments.draw()
        assert torch.equal(increment, expected[k])
        increment.zero_()
    increments.close()


def dropping_members():
    state = torch.linspace(-1, 1, 80).reshape(1, 80).double()
    ensemble = Ensemble(
        DoubleWell(), state, dt=0.01, scheme="euler_maruyama", generator=torch.Generator().manual_seed(4), label="x"
    )
    states = []
    for kept in (80, 30, 7):
        ensemble.keep_members(kept)
        ensemble.advance(25)
        states.append(ensemble.state.clone())
    return states


def test_an_ensemble_that_drops_members_is_the_same_on_two_threads(block, threads):
    threads(1)
    alone = dropping_members()
    threads(2)
    ahead = dropping_members()
    assert [state.shape for state in ahead] == [(1, 80), (1, 30), (1, 7)]
    for a, b in zip(alone, ahead):
        assert torch.equal(a, b)
