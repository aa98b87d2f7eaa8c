"""Fits of the network to batches as they come, and optimizers of batches."""

import numpy as np
import pytest
import torch

from kgmm.score.batches import fit_batches
from kgmm.score.network import Network
from kgmm.score.training import fit_network
from tests.unit.noisy_fits import loss_on


def batches(seed, *, batch_size=64):
    generator = torch.Generator().manual_seed(seed)

    def batch():
        x = 4 * torch.rand(batch_size, 1, generator=generator) - 2
        return x, torch.sin(2 * x) + 0.5 * torch.randn(batch_size, 1, generator=generator)

    return batch


def fit_to_batches(seed=0, network_seed=0, **options):
    options = {"steps": 800, "learning_rate": 0.02, **options}
    return fit_batches(Network.random((1, 20, 1), network_seed), batches(seed), **options)


def test_equal_batches_give_equal_bytes():
    fits = [fit_to_batches(*seeds) for seeds in ((0, 0), (0, 0), (1, 0), (0, 1))]
    first, again, other_batches, other_start = (f.network.parameters.numpy().tobytes() for f in fits)
    assert first == again
    assert first != other_batches and first != other_start
    np.testing.assert_array_equal(fits[0].history.loss, fits[1].history.loss)


def test_batches_fit_the_mean_of_the_targets():
    x = np.linspace(-2, 2, 200)[:, None]
    start = Network.random((1, 20, 1), 0)
    error = {name: loss_on(network, (x, np.sin(2 * x), np.ones(200)), slice(None))
             for name, network in (("start", start), ("fit", fit_to_batches().network))}  # fmt: skip
    # 51 200 targets of variance 0.25 for some ten effective parameters: 5e-5, and the network's own error.
    assert error["fit"] < 5e-3 < 0.2 < error["start"]


def test_history_of_batches_has_a_hundred_rows_and_no_fold():
    seen = []
    found = fit_to_batches(steps=250, observe=lambda k, network: seen.append((k, network)))
    history = found.history
    np.testing.assert_array_equal(history.iteration, [*range(2, 251, 2)])
    assert np.isnan(history.validation_loss).all() and history.kept == len(history.loss) - 1
    assert [k for k, _ in seen] == history.iteration.tolist()
    assert torch.equal(seen[-1][1].parameters, found.network.parameters)
    assert fit_to_batches(steps=205).history.iteration[-1] == 205  # no multiple of the interval
    # The floor is the noise of the targets.
    assert np.mean(fit_to_batches().history.loss[-20:]) == pytest.approx(0.25, rel=0.1)


def test_start_is_left_as_it_was():
    start = Network.random((1, 20, 1), 0)
    before = start.parameters.clone()
    fit_batches(start, batches(0), steps=10)
    assert torch.equal(start.parameters, before)


@pytest.mark.parametrize("steps", [1, 0])
def test_too_few_steps_are_refused(steps):
    with pytest.raises(ValueError, match=f"steps is {steps}: input should be greater than or equal to 2"):
        fit_to_batches(steps=steps)


def test_orthogonalised_momentum_learns_a_rich_function_in_fewer_batches():
    x = np.random.default_rng(0).uniform(-2, 2, size=(4000, 2))
    y = np.stack([np.sin(5 * x[:, 0]) * np.cos(3 * x[:, 1]), np.cos(4 * x[:, 0] * x[:, 1])], axis=1)
    losses = {}
    for optimizer in ("adam", "orthogonal"):
        fit = fit_network(x, y, np.ones(4000), optimizer=optimizer, hidden=(64, 64), steps=600, batch_size=256)
        losses[optimizer] = fit.history.loss[-1]
    assert losses["orthogonal"] < 0.5 * losses["adam"]
    again = fit_network(x, y, np.ones(4000), optimizer="orthogonal", hidden=(64, 64), steps=600, batch_size=256)
    assert again.history.loss[-1] == losses["orthogonal"]


def test_unknown_optimizers_of_batches_are_refused():
    with pytest.raises(ValueError, match="optimizer is 'lbfgs': it should be 'adam' or 'orthogonal'"):
        fit_batches(Network.random((1, 4, 1), 0), batches(0), optimizer="lbfgs", steps=10)
