"""The same results on a GPU, up to its own random numbers. The only tests that may be skipped in CI."""

import numpy as np
import pytest
import torch

from kgmm import DSM, KGMM, ScoreModel

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: torch.cuda.is_available() is false")

X = np.random.default_rng(0).standard_normal((200_000, 3)) * [1.0, 2.0, 0.5]


@pytest.mark.parametrize("kind", ["constant", "linear"])
def test_cells_agree_within_their_errors(kind):
    cpu, gpu = (KGMM(0.2, 0.01, stopping="fixed", cells=kind, device=d).fit(X) for d in ("cpu", "cuda"))
    np.testing.assert_array_equal(cpu.cell_score_.partition.normals, gpu.cell_score_.partition.normals)
    # The data are the same, so that only the draws differ.
    error = np.hypot(cpu.cell_score_.estimates.stderr_draws, gpu.cell_score_.estimates.stderr_draws)
    z = (cpu.cell_score_.estimates.noise_mean - gpu.cell_score_.estimates.noise_mean) / error
    assert 0.8 < np.sqrt(np.mean(z**2)) < 1.2
    assert abs(gpu.counts_.sum() - cpu.counts_.sum()) == 0


def test_sums_on_the_gpu_are_those_of_the_cpu():
    from kgmm.score.moments import _sums

    cells = KGMM(0.2, 0.01, stopping="fixed", max_draws=2).fit(X)
    x = torch.randn(5000, 3, generator=torch.Generator().manual_seed(1))
    z = torch.randn(5000, 3, generator=torch.Generator().manual_seed(2))
    tree = cells.cell_score_.partition.to(torch.float32)
    expected = _sums(x, z, tree, linear=True)
    found = _sums(x.cuda(), z.cuda(), cells.cell_score_.partition.to(torch.float32, "cuda"), linear=True)
    np.testing.assert_allclose(found.cpu().numpy(), expected, rtol=1e-4, atol=1e-3)


def test_network_and_dsm_fit_on_the_gpu():
    cells = KGMM(0.2, 0.005, stopping="fixed", max_draws=8).fit(X)
    for options in ({}, {"optimizer": "adam", "steps": 500}):
        cpu, gpu = (ScoreModel.fit(cells, hidden=(16,), device=d, **options) for d in ("cpu", "cuda"))
        difference = np.mean((cpu(X[:1000]) - gpu(X[:1000])) ** 2) / np.mean(cpu(X[:1000]) ** 2)
        assert difference < 0.01
    baseline = DSM(0.2, (16,), steps=500, device="cuda").fit(X)
    exact = -X[:1000] / (np.array([1.0, 2.0, 0.5]) ** 2 * (1 + 0.2**2))
    assert np.mean((baseline.score_at(X[:1000]) - exact) ** 2) < 0.05 * np.mean(exact**2)
