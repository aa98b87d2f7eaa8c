"""Laws with edges and heavy tails: transformed nothing is wrong with them, and undone they are what they were."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

import kgmm
from kgmm.data.transforms import Transform, unfolded
from kgmm.statistics.diagnosis import diagnose
from kgmm.statistics.quantiles import quantile_errors
from tests.statistical.exact_laws import linear_paths, mean_is

pytestmark = pytest.mark.statistical

# Law, transform, exact score.
LAWS = {
    "exponential": (stats.expon(), "log", lambda x: -np.ones_like(x)),
    "gamma, 1/2": (stats.gamma(0.5), "log", lambda x: -0.5 / x - 1.0),
    "uniform": (stats.uniform(), "logit:0:1", np.zeros_like),
    "lognormal": (stats.lognorm(1.0), "log", lambda x: -(1.0 + np.log(x)) / x),
    "Student t, 3": (stats.t(3), "asinh", lambda x: -4.0 * x / (3.0 + x**2)),
    "Pareto, 3": (stats.pareto(3), "log:1", lambda x: -4.0 / x),
    "half-normal": (stats.halfnorm(), "log", lambda x: -x),
    "Cauchy": (stats.cauchy(), "asinh", lambda x: -2.0 * x / (1.0 + x**2)),
    "exponential, reflected": (stats.expon(), "reflect:0", lambda x: -np.ones_like(x)),
    "half-normal, reflected": (stats.halfnorm(), "reflect:0", lambda x: -x),
}
# Mirrored, the exponential law has a kink at its edge, which every estimate rounds off: errors of score and quantiles.
_TOLERANCES = {"exponential, reflected": (0.15, 0.25)}
N = 10_000


def read(tmp_path, x, transform, **options):
    np.savetxt(tmp_path / "x.csv", x, header="x", comments="")
    return kgmm.read(tmp_path / "x.csv", transform={"x": transform} if transform else None, time_step=1.0, **options)


@pytest.fixture(params=LAWS)
def law(request):
    return LAWS[request.param]


@pytest.fixture
def tolerances(request):
    return _TOLERANCES.get(request.node.callspec.params["law"], (0.03, 0.1))


def test_nothing_is_found_in_a_transformed_law(law, tmp_path):
    distribution, transform, _ = law
    x = distribution.rvs(N, random_state=np.random.default_rng(3))
    assert diagnose(read(tmp_path, x, None)) != ()
    assert diagnose(read(tmp_path, x, transform)) == ()


def test_the_score_in_the_units_of_the_file(law, tolerances, tmp_path):
    """Relative to the mean square of the score of the transformed variable, in which the fit is good everywhere."""
    distribution, transform, exact = law
    x = distribution.rvs(N, random_state=np.random.default_rng(4))
    path = read(tmp_path, x, transform)
    score = kgmm.physical_score(kgmm.fit_score(path, random_state=0), path)
    at = distribution.ppf(np.linspace(0.02, 0.98, 49))
    g = Transform.of(transform, x)
    found, expected = score(at[:, None])[:, 0], exact(at)
    error, size = ((f / g.slope(at)) for f in (found - expected, expected - g.log_slope_derivative(at)))
    assert np.mean(error**2) < tolerances[0] * np.mean(size**2)


def test_a_model_of_the_transformed_variable_has_the_quantiles_of_the_law(law, tolerances, tmp_path):
    distribution, transform, _ = law
    x = distribution.rvs(N, random_state=np.random.default_rng(5))
    path = read(tmp_path, x, transform)
    with warnings.catch_warnings():
        warnings.simplefilter("error", kgmm.DataWarning)
        model = kgmm.fit_langevin(path, kgmm.fit_score(path, random_state=1), circulation="none", random_state=2)
    states = path.values.reshape(-1, 1)
    step = model.choose_step(states).dt
    n_steps = int(6.0 / model.fastest_rate / step)
    sample = model.sample(N, n_steps, step, save_every=n_steps, initial=states, seed=3)
    restored = kgmm.restore(sample, path).values
    # A quantile of the transformed variable is the transform of the quantile.
    assert quantile_errors(path.values, sample.values).max() <= 0.1
    inside = [0.05, 0.25, 0.5, 0.75, 0.95]
    spread = np.diff(distribution.ppf([0.25, 0.75]))[0]
    expected = distribution.ppf(inside)
    density = distribution.pdf(expected)
    stderr = np.sqrt(np.multiply(inside, np.subtract(1, inside)) / N) / density
    off = np.abs(np.quantile(restored, inside) - expected)
    assert (off < tolerances[1] * spread + 4 * stderr).all()
    lower, upper = distribution.support()
    assert restored.min() >= lower and restored.max() <= upper


def test_a_reflected_path_is_that_of_the_process_without_an_edge():
    """Of the absolute value of an Ornstein–Uhlenbeck path the signs that are drawn give its correlation back."""
    path = linear_paths([[-1.0]], [[1.0]], 0.02, n_members=200, n_times=500, seed=8)[:, :, 0]
    rng = np.random.default_rng(9)
    again = np.stack([unfolded(np.abs(member), rng) for member in path])
    for lag in (25, 50):
        products = again[:, lag:] * again[:, :-lag]
        assert mean_is(products.mean(axis=1), np.exp(-0.02 * lag))
        # Signs that are drawn anew for every state lose it.
        shuffled = products * rng.choice([-1.0, 1.0], products.shape)
        assert not mean_is(shuffled.mean(axis=1), np.exp(-0.02 * lag))
    assert mean_is(again.mean(axis=1), 0.0)


def test_rounded_values_have_a_density_again(tmp_path):
    x = np.round(np.random.default_rng(6).standard_normal(N), 1)
    assert [finding.kind for finding in diagnose(read(tmp_path, x, None))] == ["resolution"]
    jittered = read(tmp_path, x, None, jitter=0.1)
    assert diagnose(jittered) == ()
    assert np.abs(jittered.values[0, :, 0] - x).max() <= 0.05
    np.testing.assert_array_equal(jittered, read(tmp_path, x, None, jitter=0.1))


@pytest.mark.parametrize(
    "kind",
    [
        "log:-2",
        "logit:-3:7",
        "asinh",
        "asinh:0.5:3",
        "reflect:-2",
        "reflect:6",
        "reflect:-2:6",
        "angle:12",
        "angle:8:-2",
    ],
)
def test_derivatives_are_those_of_the_function(kind):
    x = np.linspace(-1.5, 5.5, 30)
    g, h = Transform.of(kind, x), 1e-5
    np.testing.assert_allclose(g.inverse(g(x)), x, rtol=1e-9)
    np.testing.assert_allclose(g.slope(x), (g(x + h) - g(x - h)) / (2 * h), rtol=1e-6)
    slope = np.log(g.slope(x + h)) - np.log(g.slope(x - h))
    np.testing.assert_allclose(g.log_slope_derivative(x), slope / (2 * h), rtol=1e-5)


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ("log", "3 values are not between its edges 0 and inf; the smallest is -1"),
        ("logit:0:1", "values are not between its edges 0 and 1"),
        ("logit:0", "logit takes 2 numbers after colons"),
        ("logit:5:2", "the first edge must be below the second"),
        ("rank", "known are log, log:a, logit:a:b, asinh, reflect:a, reflect:a:b and angle:period"),
        ("log:a", "what follows log must be numbers"),
        ("asinh:0:-1", "the width must be positive"),
        ("reflect:0", "2 values are not between its edges 0 and inf"),
        ("reflect:3:0", "the first edge must be below the second"),
        ("reflect:0:3", "2 values are not between its edges 0 and 3"),
        ("angle:0", "the period must be positive"),
        ("angle", "angle takes 1 or 2 numbers after colons"),
        ("reflect", "reflect takes 1 or 2 numbers after colons"),
    ],
)
def test_unusable_transforms_are_refused(transform, said):
    x = np.concatenate([[-1.0, -0.5, 0.0], np.linspace(0.1, 3, 50)])
    with pytest.raises(ValueError, match="transform of level is") as refused:
        Transform.of(transform, x, "level")
    assert said in str(refused.value)


def test_an_unknown_variable_is_refused(tmp_path):
    np.savetxt(tmp_path / "x.csv", np.random.default_rng(0).random(50), header="x", comments="")
    with pytest.raises(ValueError, match="transform names 'y': the variables are x"):
        kgmm.read(tmp_path / "x.csv", transform={"y": "log"}, time_step=1.0)


def test_transforms_and_deviations_are_undone_in_the_opposite_order(tmp_path):
    x = np.random.default_rng(7).lognormal(size=(400, 2))
    np.savetxt(tmp_path / "x.csv", x, header="u v", comments="")
    path = kgmm.read(tmp_path / "x.csv", transform={"v": "log"}, standardise=True, time_step=1.0)
    assert "transformed: v by log" in path.attrs["preparation"]
    np.testing.assert_allclose(kgmm.restore(path, path)[0], x, rtol=1e-10)
    # Of a linear score the chain rule is exact.
    score = kgmm.physical_score(lambda y: -y, path)
    deviations = np.array([x[:, 0].std(), np.log(x[:, 1]).std()])
    expected = -(x[:, 0] - x[:, 0].mean()) / deviations[0] ** 2
    np.testing.assert_allclose(score(x)[:, 0], expected)
    y = (np.log(x[:, 1]) - np.log(x[:, 1]).mean()) / deviations[1]
    np.testing.assert_allclose(score(x)[:, 1], (-y / deviations[1] - 1.0) / x[:, 1])


@pytest.mark.parametrize("option", [{"anomalies": "monthly"}, {"detrend": True}])
@pytest.mark.parametrize("transform", ["angle:6.2832", "reflect:0"])
def test_an_angle_has_no_season(option, transform, tmp_path):
    np.savetxt(tmp_path / "x.csv", np.random.default_rng(0).random(50), header="x", comments="")
    (name,) = option
    with pytest.raises(ValueError, match=f"transform of x is '{transform}', and {name} is asked for: an angle or"):
        kgmm.read(tmp_path / "x.csv", transform={"x": transform}, time_step=1.0, **option)


def test_the_second_column_of_an_angle_needs_a_name_of_its_own(tmp_path):
    np.savetxt(tmp_path / "x.csv", np.random.default_rng(0).random((50, 2)), header="x x_sin", comments="")
    with pytest.raises(ValueError, match="transform of x: there is a variable x_sin already"):
        kgmm.read(tmp_path / "x.csv", transform={"x": "angle:1"}, time_step=1.0)


def test_angles_and_deviations_among_other_variables_are_undone(tmp_path):
    x = np.random.default_rng(7).uniform(size=(400, 3))
    np.savetxt(tmp_path / "x.csv", x, header="u v w", comments="")
    transform = {"v": "angle:1", "u": "log", "w": "reflect:0:1"}
    path = kgmm.read(tmp_path / "x.csv", transform=transform, standardise=True, lag_embed=2, time_step=1.0)
    assert path["variable"].values.tolist()[:5] == ["u", "v_cos", "w_cos", "v_sin", "w_sin"]
    np.testing.assert_allclose(kgmm.restore(path, path)[0], x[1:], atol=1e-6)


def test_a_score_that_depends_on_time_is_refused(tmp_path):
    np.savetxt(tmp_path / "x.csv", np.random.default_rng(0).random(50), header="x", comments="")
    path = kgmm.read(tmp_path / "x.csv", detrend=True, time_step=1.0)
    with pytest.raises(ValueError, match="the preparation holds 'detrend'"):
        kgmm.physical_score(lambda y: -y, path)
