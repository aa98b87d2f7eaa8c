"""One call from samples to a score: what it chooses, what it refuses, and the numbers it is given."""

import numpy as np
import pytest
import torch

import kgmm
from kgmm.score.folds import fold
from kgmm.score.noise_amplitude import amplitude_curve

N = 4000


def wells(n=N, seed=0):
    """Independent samples of the double well, ``(n, 1)``."""
    return kgmm.get_system("phi4_chain", n_variables=1).sample(n, np.random.default_rng(seed))


def relative_error(score, system, x) -> float:
    exact = system.score(x)
    return float(((score(x) - exact) ** 2).sum() / (exact**2).sum())


def test_chooses_the_family_that_holds_the_density():
    system = kgmm.get_system("phi4_chain", n_variables=3)
    score = kgmm.fit_score(system.sample(N, np.random.default_rng(0)))
    assert score.method == "polynomial of degree 4"
    assert relative_error(score, system, system.sample(N, np.random.default_rng(1))) < 0.03
    assert "polynomial of degree 4, 3 variables, sigma=0" in repr(score)


def test_a_network_in_the_place_of_makeshift_potentials():
    """Four corners of a square: polynomials of high degree and bumps are nearly as good, and losses hardly tell."""

    def corners(n, seed):
        rng = np.random.default_rng(seed)
        return rng.choice([-1.0, 1.0], size=(n, 2)) + 0.25 * rng.standard_normal((n, 2))

    score, points = kgmm.fit_score(corners(2000, 0)), corners(5000, 1)
    assert score.method == "network"
    exact = (np.tanh(points / 0.25**2) - points) / 0.25**2
    error = ((score(points) - exact) ** 2).sum() / (exact**2).sum()
    assert error < 0.03  # bumps: 0.041
    assert error / 1.8 < score.error_estimate < 1.8 * error


def test_bumps_where_a_polynomial_does_not_do():
    """Three narrow peaks on a line, for which low degrees are too smooth."""
    rng = np.random.default_rng(0)
    x = rng.choice([-4.0, 0.0, 4.0], size=(20_000, 1)) + 0.5 * rng.standard_normal((20_000, 1))
    score = kgmm.fit_score(x, families=("radial",))
    assert score.method == "radial potential"
    points = np.linspace(-5, 5, 60)[:, None]
    peaks = np.exp(-0.5 * ((points - np.array([-4.0, 0.0, 4.0])) / 0.5) ** 2)
    exact = (peaks * (np.array([-4.0, 0.0, 4.0]) - points)).sum(axis=1) / peaks.sum(axis=1) / 0.25
    weight = peaks.sum(axis=1)
    error = weight @ (score(points)[:, 0] - exact) ** 2 / (weight @ exact**2)
    assert error < 0.05
    gaussian = weight @ (-points[:, 0] / x.var() - exact) ** 2 / (weight @ exact**2)
    assert gaussian > 0.5


def test_a_gaussian_is_not_outdone_and_says_so():
    x = np.random.default_rng(0).standard_normal((2000, 20)) * 3 + 1
    with pytest.warns(UserWarning, match="the Gaussian's is used"):
        score = kgmm.fit_score(x)
    assert score.method == "gaussian"
    points = np.random.default_rng(1).standard_normal((5000, 20)) * 3 + 1
    exact = -(points - 1) / 9
    # The covariance of 2000 samples costs (d + 1)/n = .0105.
    error = ((score(points) - exact) ** 2).sum() / (exact**2).sum()
    assert error < 0.02
    assert error / 1.5 < score.error_estimate < 1.5 * error
    sample = kgmm.LangevinModel(score).sample(n_members=1000, n_steps=500, dt=0.02)
    assert sample.attrs["members_reset"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_double_well_at_a_small_amplitude_never_fails(seed):
    system = kgmm.get_system("double_well")
    score = kgmm.fit_score(wells(10_000, seed), 0.01, random_state=seed)
    assert relative_error(score, system, wells(10_000, 100 + seed)) < 0.03


def test_chance_does_not_choose_a_network_where_a_polynomial_is_exact():
    """Of these samples the lowest loss at a thousand held-out ones is a network's, whose error is 0.02."""
    score = kgmm.fit_score(wells(10_000, 1), random_state=1)
    assert score.method == "polynomial of degree 4"
    assert relative_error(score, kgmm.get_system("double_well"), wells(10_000, 101)) < 0.002


@pytest.mark.statistical
def test_chance_does_not_choose_a_larger_family():
    """A family that is not needed has ten times the error; with a margin of one standard error three get one."""
    system, points = kgmm.get_system("phi4_chain", n_variables=1), wells(20_000, 1000)
    families = ("polynomial", "radial")
    scores = [kgmm.fit_score(wells(10_000, k), 0.01, families=families, random_state=k) for k in range(40)]
    errors = [relative_error(score, system, points) for score in scores]
    assert sum(error > 0.012 for error in errors) <= 1


def test_network_is_of_the_density_blurred_once():
    x, system, sigma = wells(20_000), kgmm.get_system("double_well"), 0.3
    score = kgmm.fit_score(x, sigma, families=("network",))
    noise_scale = sigma * x.std(axis=0)
    points = wells(10_000, 1) + noise_scale * np.random.default_rng(2).standard_normal((10_000, 1))
    for factor, limits in ((1.0, (0.0, 0.02)), (2**0.5, (0.1, 1.0))):
        exact = system.smoothed_score(points, factor * noise_scale)
        error = ((score(points) - exact) ** 2).sum() / (exact**2).sum()
        assert limits[0] < error < limits[1]


class Mixture:
    """Three anisotropic Gaussians in four variables, which neither polynomials nor bumps hold."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.means = rng.uniform(-2, 2, (3, 4))
        roots = [np.linalg.qr(rng.standard_normal((4, 4)))[0] * rng.uniform(0.3, 1, 4) for _ in range(3)]
        self.roots, self.precisions = np.array(roots), np.array([np.linalg.inv(r @ r.T) for r in roots])

    def sample(self, n, rng):
        k = rng.integers(0, 3, n)
        return self.means[k] + np.einsum("nij,nj->ni", self.roots[k], rng.standard_normal((n, 4)))

    def score(self, x):
        pulls = -np.einsum("nkj,kji->nki", x[:, None] - self.means, self.precisions)
        logs = 0.5 * ((x[:, None] - self.means) * pulls).sum(axis=2) + 0.5 * np.linalg.slogdet(self.precisions)[1]
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.einsum("nk,nki->ni", weights / weights.sum(axis=1, keepdims=True), pulls)


@pytest.mark.parametrize(("system", "n"), [("chain", 10_000), ("mixture", 20_000)])
def test_estimate_knows_its_error(system, n):
    system = {"chain": kgmm.get_system("phi4_chain", n_variables=4), "mixture": Mixture()}[system]
    score = kgmm.fit_score(system.sample(n, np.random.default_rng(0)))
    points, scale = system.sample(10_000, np.random.default_rng(1)), score.standardization.scale
    exact = system.score(points) * scale
    error = ((score(points) * scale - exact) ** 2).sum() / (exact**2).sum()
    # Networks of other problems and seeds: ratios between 0.71 and 1.2 with one exception, see docs/score-research.md.
    assert error / 1.5 < score.error_estimate < 1.5 * error


@pytest.mark.parametrize("families", [("polynomial",), ("radial",), ("network",)])
def test_model_is_written_and_read(families, tmp_path):
    x = kgmm.get_system("phi4_chain", n_variables=2).sample(N, np.random.default_rng(0))
    score = kgmm.fit_score(x, families=families)
    score.save(tmp_path / "score.nc")
    again = kgmm.ScoreModel.load(tmp_path / "score.nc")
    np.testing.assert_array_equal(again(x[:50]), score(x[:50]))
    np.testing.assert_array_equal(again.jacobian(x[:50]), score.jacobian(x[:50]))
    assert (again.method, again.error_estimate) == (score.method, score.error_estimate)


@pytest.mark.parametrize("families", [("polynomial",), ("radial",), ("network",)])
def test_jacobian_is_that_of_the_score(families):
    x = kgmm.get_system("phi4_chain", n_variables=2).sample(N, np.random.default_rng(0))
    score, points, h = kgmm.fit_score(x, families=families), x[:20], 1e-2
    columns = [(score(points + h * e) - score(points - h * e)) / (2 * h) for e in np.eye(2)]
    # Differences in single precision: 1e-6/h, and h² times a third derivative.
    np.testing.assert_allclose(score.jacobian(points), np.stack(columns, axis=2), rtol=2e-2, atol=2e-2)


def test_same_seed_same_score():
    x = kgmm.get_system("phi4_chain", n_variables=2).sample(N, np.random.default_rng(0))
    first, second = (kgmm.fit_score(x, families=("network",), random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first(x[:50]), second(x[:50]))
    other = kgmm.fit_score(x, families=("network",), random_state=4)
    assert not np.array_equal(first(x[:50]), other(x[:50]))


@pytest.mark.parametrize("method", ["kgmm", "dsm"])
def test_other_methods_choose_an_amplitude(method):
    options = {"dsm": {"steps": 50}, "kgmm": {"max_iterations": 20}}[method]
    score = kgmm.fit_score(wells(), method=method, **options)
    assert score.sigma in (0.02, 0.05, 0.1, 0.2)


@pytest.mark.parametrize("n", [10_000, 40_000])
@pytest.mark.parametrize("name", ["chain", "wells"])
def test_the_amplitude_chosen_is_nearly_the_best_of_the_grid(name, n):
    """Asked: within 1.5 times. Hyvärinen's loss at held-out samples chose 2.2 and 5.1 times of ten thousand samples."""
    system = kgmm.get_system("phi4_chain", n_variables=2) if name == "chain" else kgmm.get_system("double_well")
    draw = {"chain": lambda n, seed: system.sample(n, np.random.default_rng(seed)), "wells": wells}[name]
    x, points = draw(n, 3), draw(10_000, 4)
    curve = amplitude_curve(x, lambda X, sigma: kgmm.fit_score(X, sigma, "kgmm"), kgmm.fit_score(x))
    errors = [relative_error(model, system, points) for model in curve.models]
    assert max(errors) > 4 * min(errors)
    assert relative_error(curve.best, system, points) < 1.5 * min(errors)


def test_folds_hold_every_sample_once_in_contiguous_blocks():
    x = torch.arange(1000.0)[:, None]
    data = fold(x, 0.0, torch.Generator())
    np.testing.assert_array_equal(np.sort(data.x[:, 0]), np.arange(1000.0))
    held_out = data.held_out[:, 0].numpy()
    assert len(held_out) == 100
    assert (np.diff(held_out) == 1).sum() == 95  # five blocks of twenty
    assert data.edges[-1] == 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "kde"}, "method is 'kde': it must be one of auto, kgmm, dsm"),
        ({"sigma": -0.1}, "sigma is -0.1: input should be greater than 0"),
        ({"families": ("splines",)}, "it must hold some of polynomial, spline, radial, network"),
        ({"X": np.zeros((50, 2))}, "X has 50 samples: at least 100 are needed"),
        ({"X": np.ones((500, 2))}, "feature 0 of X is constant"),
        ({"X": np.full((500, 2), np.nan)}, "X has 1000 NaN or inf values"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        kgmm.fit_score(**{"X": wells(500), **arguments})


def kinds(x):
    """The same samples in other units and types, with the map from the standard ones."""
    return {
        "offset": (x + 1e9, 1.0, 1e9),
        "large": (x * 1e12, 1e12, 0.0),
        "small": (x * 1e-12, 1e-12, 0.0),
        "float32": (x.astype(np.float32), 1.0, 0.0),
        "float16": (x.astype(np.float16), 1.0, 0.0),
        "big-endian": (x.astype(">f8"), 1.0, 0.0),
        "integers": (np.round(x * 1000).astype(np.int32), 1000.0, 0.0),
    }


@pytest.mark.parametrize("kind", kinds(np.zeros((1, 1))))
def test_score_and_model_do_not_depend_on_units_and_types(kind):
    x = wells()
    given, scale, offset = kinds(x)[kind]
    points = np.linspace(-1.5, 1.5, 31)[:, None]
    reference = kgmm.fit_score(x)
    score = kgmm.fit_score(given)
    # Rounding of the data: 1e-3 of half precision and of integers, 1e-7 of the offset.
    np.testing.assert_allclose(score(points * scale + offset) * scale, reference(points), rtol=0.02, atol=0.02)
    sample = kgmm.LangevinModel(score).sample(n_members=500, n_steps=500, dt=0.02).values[:, -1, 0]
    deviation = (sample.astype(float) - offset).std() / scale
    # Standard error of the deviation of 500 members: 3 %.
    assert deviation == pytest.approx(x.std(), rel=0.15)
    assert len(np.unique(sample)) > 450
