"""Angles and variables between two reflecting edges, which become points of a ring: their law, score and clock."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import kgmm
from kgmm.data.angles import RADIUS_DEVIATION, angle_of, on_ring
from kgmm.data.transforms import Transform, unfolded
from kgmm.statistics.diagnosis import diagnose
from kgmm.statistics.quantiles import quantile_errors
from tests.statistical.exact_laws import mean_is

pytestmark = pytest.mark.statistical

# Law in the units of the file, and transform.
LAWS = {
    "von Mises": (stats.vonmises(1.5), "angle:6.283185307179586"),
    "uniform": (stats.uniform(2.0, 3.0), "reflect:2:5"),
    "truncated normal": (stats.truncnorm(-0.5, 1.5), "reflect:-0.5:1.5"),
    "truncated exponential": (stats.truncexpon(2.0, scale=0.5), "reflect:0:1"),
}
N = 5000
_FAMILIES = ("polynomial", "radial")


def read(tmp_path, x, transform):
    np.savetxt(tmp_path / "x.csv", x, header="x", comments="")
    return kgmm.read(tmp_path / "x.csv", transform={"x": transform}, time_step=1.0)


def last_states(model, start, times: float = 4.0):
    """A sample of a model after so many of its relaxation times."""
    step = model.choose_step(start).dt
    n_steps = int(times / model.fastest_rate / step)
    return model.sample(len(start), n_steps, step, save_every=n_steps, initial=start, seed=3)


@pytest.mark.parametrize("law", LAWS)
def test_score_and_quantiles_of_a_model_are_those_of_the_law(law, tmp_path):
    distribution, transform = LAWS[law]
    x = distribution.rvs(N, random_state=np.random.default_rng(0))
    path = read(tmp_path, x, transform)
    assert path["variable"].values.tolist() == ["x_cos", "x_sin"] and diagnose(path) == ()
    np.testing.assert_allclose(kgmm.restore(path, path).values.ravel(), x, atol=1e-6)
    score = kgmm.fit_score(path, families=_FAMILIES, random_state=1)
    at, deviation = distribution.ppf(np.linspace(0.05, 0.95, 37)), distribution.std()
    h = 1e-5 * deviation
    exact = deviation * (distribution.logpdf(at + h) - distribution.logpdf(at - h)) / (2 * h)
    found = deviation * kgmm.physical_score(score, path)(at[:, None])[:, 0]
    # In deviations, in which a normal law has a score of one; mirrored at an edge with a slope, a law has a kink there.
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.35
    # With the wrong sign it is not.
    if law != "uniform":
        assert np.sqrt(np.mean((-found - exact) ** 2)) > 0.5
    model = kgmm.fit_langevin(path, score, circulation="none", random_state=2)
    assert model.dynamics.warnings == ()
    sample = kgmm.restore(last_states(model, path.values[0, :2000]), path).values
    exact = distribution.rvs(40_000, random_state=np.random.default_rng(4))[None, :, None]
    assert quantile_errors(exact, sample).max() <= 0.1
    assert quantile_errors(exact, x.mean() + 0.7 * (sample - x.mean())).max() > 0.1


def test_the_angle_of_a_blurred_circle_has_its_law():
    angle = stats.vonmises(2.0).rvs(N, random_state=np.random.default_rng(0))
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert [finding.kind for finding in diagnose(X)] == ["circle"]
    score = kgmm.fit_score(X, 0.1, families=_FAMILIES)
    sample = last_states(kgmm.fit_langevin(X, score, circulation="none"), X[:1500]).values
    found = angle_of(sample[..., 0], sample[..., 1])[..., None]
    exact = stats.vonmises(2.0).rvs(40_000, random_state=np.random.default_rng(4))[None, :, None]
    assert quantile_errors(exact, found).max() <= 0.1
    assert quantile_errors(exact, 0.7 * found).max() > 0.1


def circular_motion(n_members: int, n_times: int, step: float) -> np.ndarray:
    """Angles of a Brownian motion on the circle: correlations of sine and cosine are e^{−step lag}."""
    rng = np.random.default_rng(5)
    increments = np.sqrt(2 * step) * rng.standard_normal((n_members, n_times))
    increments[:, 0] = rng.uniform(-np.pi, np.pi, n_members)
    return np.mod(increments.cumsum(axis=1) + np.pi, 2 * np.pi) - np.pi


def test_between_two_edges_a_path_is_that_on_the_circle():
    angle = circular_motion(400, 400, 0.01)
    rng = np.random.default_rng(6)
    again = np.stack([np.sin(unfolded(np.abs(member), rng, np.pi)) for member in angle])
    for lag in (25, 100):
        products = 2 * again[:, lag:] * again[:, :-lag]
        assert mean_is(products.mean(axis=1), np.exp(-0.01 * lag))
        shuffled = products * rng.choice([-1.0, 1.0], products.shape)
        assert not mean_is(shuffled.mean(axis=1), np.exp(-0.01 * lag))
    # Signs that change at one of the edges alone.
    one = np.stack([np.sin(unfolded(np.abs(member), rng)) for member in angle])
    assert not mean_is((2 * one[:, 100:] * one[:, :-100]).mean(axis=1), np.exp(-1.0))


def test_radii_move_as_fast_as_angles():
    step = 1e-4
    angle = circular_motion(50, 2000, step)
    points = np.stack(on_ring(list(angle), np.random.default_rng(7)))
    radius = np.hypot(points[..., 0], points[..., 1])
    assert mean_is((np.diff(radius) ** 2).mean(axis=1), 2 * step)
    np.testing.assert_allclose(radius.std(), RADIUS_DEVIATION, rtol=0.1)
    # Of angles without memory radii have none.
    (points,) = on_ring([np.random.default_rng(8).uniform(0, 6.28, 5000)], np.random.default_rng(9))
    radius = np.hypot(*points.T) - 1
    assert abs(np.mean(radius[1:] * radius[:-1])) < 4.5 * RADIUS_DEVIATION**2 / 5000**0.5


def test_the_score_of_an_angle_is_the_derivative_along_the_circle(tmp_path):
    path = read(tmp_path, np.random.default_rng(0).uniform(0, 360, 500), "angle:360")
    score = kgmm.physical_score(lambda y: np.stack([-y[:, 1], y[:, 0]], axis=1) + 5.0 * y, path)
    np.testing.assert_allclose(score(np.array([[0.0], [77.0], [300.0]])), np.pi / 180)


def test_angles_are_restored_in_the_range_of_the_data():
    x = np.array([-190.0, -10.0, 0.0, 170.0, 350.0])
    g = Transform.of("angle:360", x)
    np.testing.assert_allclose(g.inverse(g(x)), [170.0, -10.0, 0.0, 170.0, -10.0], atol=1e-9)
    g = Transform.of("angle:360", np.array([0.0, 359.0]))
    np.testing.assert_allclose(g.inverse(g(np.array([359.0, 361.0]))), [359.0, 1.0])
    assert 0.0 <= g.inverse(np.array([-1e-20]))[0] < 360.0
