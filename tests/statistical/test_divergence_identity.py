"""``∇·s_σ = (E[‖z‖² | x] − d)/σ² − ‖s_σ‖²``, exactly and in the cells, and Stein's identity for every exact score."""

import numpy as np
import pytest
import torch

from kgmm import KGMM, CellScore, PreparedCells, get_system
from kgmm.statistics.comparison import stein_residual
from tests.statistical.exact_laws import GaussianMixture, gaussian_samples, mean_is

pytestmark = pytest.mark.statistical

LAW = GaussianMixture(
    np.array([0.4, 0.6]),
    np.array([[-1.0, 0.5], [1.0, -0.3]]),
    np.array([[[0.5, 0.2], [0.2, 0.3]], [[0.3, -0.1], [-0.1, 0.6]]]),
)
SIGMA = 0.4


def log_density(x: torch.Tensor, noise_scale) -> torch.Tensor:
    """Of the mixture convolved with ``N(0, diag(noise_scale²))``, up to a constant."""
    noise = torch.diag(torch.as_tensor(noise_scale, dtype=torch.float64) ** 2)
    terms = []
    for weight, mean, covariance in zip(*map(torch.from_numpy, LAW)):
        smoothed = covariance + noise
        shift = x - mean
        square = (shift @ torch.linalg.inv(smoothed) * shift).sum(dim=1)
        terms.append(torch.log(weight) - 0.5 * square - 0.5 * torch.logdet(smoothed))
    return torch.logsumexp(torch.stack(terms), dim=0)


def score_and_divergence(x: np.ndarray, noise_scale) -> tuple[np.ndarray, np.ndarray]:
    """Score ``(n, 2)`` and its divergence ``(n,)``, by differentiating the logarithm of the density twice."""
    points = torch.from_numpy(x).requires_grad_()
    (score,) = torch.autograd.grad(log_density(points, noise_scale).sum(), points, create_graph=True)
    diagonal = [torch.autograd.grad(score[:, k].sum(), points, retain_graph=True)[0][:, k] for k in range(x.shape[1])]
    return score.detach().numpy(), torch.stack(diagonal, dim=1).sum(dim=1).numpy()


def smoothed_points(n: int, seed: int, noise_scale=SIGMA) -> np.ndarray:
    return LAW.sample(n, seed) + noise_scale * np.random.default_rng([seed, 1]).standard_normal((n, 2))


def expected_square(x: np.ndarray) -> np.ndarray:
    """``E[‖z‖² | x]`` for ``x = μ + σ z``: given ``x`` and the component, ``z`` is normal."""
    log_weight, square = [], []
    for weight, mean, covariance in zip(*LAW):
        smoothed = covariance + SIGMA**2 * np.eye(2)
        pull = np.linalg.solve(smoothed, (x - mean).T).T
        log_weight.append(np.log(weight) - 0.5 * ((x - mean) * pull).sum(axis=1) - 0.5 * np.linalg.slogdet(smoothed)[1])
        variance = np.eye(2) - SIGMA**2 * np.linalg.inv(smoothed)
        square.append(np.trace(variance) + SIGMA**2 * (pull**2).sum(axis=1))
    share = np.exp(np.array(log_weight) - np.max(log_weight, axis=0))
    return (share * square).sum(axis=0) / share.sum(axis=0)


# The identity.


def test_identity_holds_for_a_mixture_to_rounding():
    x = smoothed_points(2000, 0)
    score, divergence = score_and_divergence(x, [SIGMA, SIGMA])
    np.testing.assert_allclose(score, LAW.smoothed_score(x, np.array([SIGMA, SIGMA])), rtol=1e-10, atol=1e-12)
    found, square = (expected_square(x) - 2) / SIGMA**2, (score**2).sum(axis=1)
    np.testing.assert_allclose(found - square, divergence, rtol=1e-9, atol=1e-9)
    # Controls: without the square, with the square of another power of σ, and another σ.
    for wrong in (found, found - SIGMA**2 * square, (expected_square(x) - 2) / (1.1 * SIGMA) ** 2 - square):
        assert not np.allclose(wrong, divergence, rtol=0.01, atol=0.01)


def test_identity_holds_for_sums_over_samples():
    """``E[‖z‖² | x]`` once more, from samples of ``μ`` weighted by the density of ``z = (x − μ)/σ``."""
    x, mu = smoothed_points(30, 1), LAW.sample(100_000, 2)
    score, divergence = score_and_divergence(x, [SIGMA, SIGMA])
    exact = divergence + (score**2).sum(axis=1)
    z = []
    for point, value in zip(x, exact):
        square = (((point - mu) / SIGMA) ** 2).sum(axis=1)
        weight = np.exp(-0.5 * square)
        mean = np.average(square, weights=weight)
        error = np.sqrt((weight**2 * (square - mean) ** 2).sum()) / weight.sum()
        z.append([((mean - 2) / SIGMA**2 - value) / (error / SIGMA**2)])
        z[-1].append(z[-1][0] + (value - divergence[len(z) - 1]) / (error / SIGMA**2))
    right, without_square = np.abs(z).max(axis=0)
    assert right < 4.5 < 10 < without_square


# The divergence in the cells.

REPLICATES = 24


@pytest.fixture(scope="module")
def replicates() -> tuple[CellScore, ...]:
    """Fits over one partition to data and noise of their own."""
    prepared = KGMM(SIGMA, 0.02, max_draws=4, stopping="fixed").prepare(LAW.sample(10_000, 10)).to_dataset()
    return tuple(
        CellScore.of_samples(PreparedCells.from_dataset(prepared, random_state=seed), LAW.sample(10_000, 100 + seed))
        for seed in range(REPLICATES)
    )


def cell_values(cells: CellScore, sigma: float = SIGMA, keep_square: float = 1.0) -> np.ndarray:
    """``∇·s`` over every cell as :class:`KGMM` defines it: cell means of ``∇·s + ‖s‖²``, less the squared mean."""
    scale = cells.standardization.scale
    x = smoothed_points(600_000, 3, SIGMA * scale)
    score, divergence = score_and_divergence(x, sigma * scale)
    cell, n_cells = cells.predict(x), len(cells.counts)
    count = np.bincount(cell, minlength=n_cells)
    mean = [np.bincount(cell, column, n_cells) / count for column in score.T]
    within = np.bincount(cell, divergence + (score**2).sum(axis=1), n_cells) / count
    return within - keep_square * np.square(mean).sum(axis=0)


def mean_square_z(replicates, expected: np.ndarray) -> float:
    # The square of an estimated score exceeds that of the score by its squared error.
    found = np.array([cells.divergence + (cells.score_stderr**2).sum(axis=1) for cells in replicates])
    error = found.std(axis=0, ddof=1) / REPLICATES**0.5
    return float(np.mean(((found.mean(axis=0) - expected) / error) ** 2))


def holds(mean_square: float) -> bool:
    # Student's t with 23 degrees, mean square 23/21 = 1.1; the expected values are means too, of four times as many
    # points but of a quantity that varies less: up to 1.3. Some 35 cells: √(2/35) = 24 %, three of these.
    return mean_square < 2.1


def test_cells_have_the_divergence_of_the_smoothed_score(replicates):
    assert holds(mean_square_z(replicates, cell_values(replicates[0])))


def test_cells_have_no_other_divergence(replicates):
    # Without the square of the score, and that of another σ.
    assert not holds(mean_square_z(replicates, cell_values(replicates[0], keep_square=0.0)))
    for wrong in (0.8 * SIGMA, 1.2 * SIGMA):
        assert not holds(mean_square_z(replicates, cell_values(replicates[0], sigma=wrong)))


def test_divergence_has_the_mean_of_the_squared_score(replicates):
    """By parts ``E[∇·s] = −E[‖s‖²]``: with the variance of the score inside the cells, which cells cannot see."""
    scale = replicates[0].standardization.scale
    x = smoothed_points(200_000, 4, SIGMA * scale)
    score, divergence = score_and_divergence(x, SIGMA * scale)
    both = np.stack([divergence, -(score**2).sum(axis=1)], axis=1)
    assert mean_is(both[:, :1] - both[:, 1:], 0.0)
    total = np.array([np.average(cells.divergence + (cells.score**2).sum(axis=1), weights=cells.counts)
                      for cells in replicates])  # fmt: skip
    # Sums of z² over all draws, so up to the scatter of z² it vanishes.
    assert mean_is(total[:, None], 0.0, standard_errors=5.0)


# Stein's identity at μ + σ S z; that of the double well is in test_stein_identity.py.


def by_inversion(system, n: int, seed: int) -> np.ndarray:
    """Independent samples of a separable density, by inversion of a fine sum over each variable."""
    rng, columns = np.random.default_rng(seed), []
    for k in range(len(system.variables)):
        grid = np.linspace(-6.0, 6.0, 200_001)
        cumulative = np.cumsum(system.marginal_density(k, grid))
        columns.append(np.interp(rng.random(n), cumulative / cumulative[-1], grid))
    return np.stack(columns, axis=1)


class NormalLaw:
    """A normal law whose variables differ in their deviations."""

    covariance = np.array([[4.0, 0.3], [0.3, 0.04]])

    def sample(self, n, seed):
        return gaussian_samples([0.0, 0.0], self.covariance, n, seed)

    def smoothed_score(self, x, noise_scale):
        return -np.linalg.solve(self.covariance + np.diag(noise_scale**2), x.T).T


class OfSystem:
    """A system with exact scores and a way to sample it."""

    def __init__(self, name, **parameters):
        self._system = get_system(name, **parameters)

    def sample(self, n, seed):
        if hasattr(self._system, "covariance"):
            return gaussian_samples(np.zeros(2), self._system.covariance, n, seed)
        return by_inversion(self._system, n, seed)

    def smoothed_score(self, x, noise_scale):
        return self._system.smoothed_score(x, noise_scale) if noise_scale.any() else self._system.score(x)


LAWS = {
    "normal": NormalLaw(),
    "mixture": LAW,
    "ornstein_uhlenbeck": OfSystem("ornstein_uhlenbeck", noise1=0.1, noise2=3.0, rotation=0.1),
    "asymmetric_potential": OfSystem("asymmetric_potential"),
    "reduced_triad": OfSystem("reduced_triad"),
    "scalar_climate": OfSystem("scalar_climate"),
}


def residuals(law, sigma: float) -> tuple:
    """Of the smoothed and of the unsmoothed score at the same noisy points, standardised."""
    x = law.sample(40_000, 1)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    noisy = law.sample(40_000, 2) + sigma * scale * np.random.default_rng(3).standard_normal(x.shape)
    scores = (law.smoothed_score(noisy, s * scale) * scale for s in (sigma, 0.0))
    return tuple(stein_residual(score, (noisy - mean) / scale) for score in scores)


@pytest.mark.parametrize("sigma", [0.1, 0.6])
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_smoothed_score_has_no_stein_residual(law, sigma):
    smoothed, unsmoothed = residuals(law, sigma)
    # A normal entry exceeds four standard errors in 6e-5 of all cases.
    assert smoothed.value < 4 * smoothed.stderr
    if sigma > 0.5:
        assert unsmoothed.value > 8 * unsmoothed.stderr
        assert smoothed.value < unsmoothed.value / 10
