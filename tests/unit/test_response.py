"""Responses: shapes and dimensions, divergences by automatic differentiation, checks and refusals."""

import numpy as np
import pytest
import torch
import xarray as xr

import kgmm
from kgmm.data.standardization import Standardization
from kgmm.langevin.observables import groups_of
from kgmm.langevin.perturbations import at_states
from kgmm.langevin.perturbed_ensembles import _of_group, perturbed_response

PATH = kgmm.simulate("ornstein_uhlenbeck", n_members=40, n_times=300, interval=0.1, seed=0)
SYSTEM = kgmm.get_system("ornstein_uhlenbeck")


def energy(x):
    return (x**2).sum(axis=1)


def test_every_kind_of_observable_has_its_dimensions(tmp_path):
    observables = ("mean", "third_moment", energy, "density")
    found = kgmm.response(PATH, SYSTEM.score, np.array([1.0, 0.0]), observables, longest=1.0)
    assert found["impulse"].dims == ("observable", "variable", "lag") and found["impulse"].shape == (2, 2, 11)
    assert found["function_step"].dims == ("function", "lag") and found["function"].values.tolist() == ["energy"]
    assert found["density_step_stderr"].dims == ("variable", "bin", "lag")
    assert found["gaussian_density_impulse"].shape == found["density_impulse"].shape
    found.to_netcdf(tmp_path / "response.nc")
    with xr.open_dataset(tmp_path / "response.nc") as stored:
        assert stored.attrs["verdict"].startswith("The checks agree with the corrected score: the ")


def test_a_function_equals_the_moments_it_is_made_of():
    """The energy is the sum of the second moments, which are the variances and the means times twice the centre."""
    found = kgmm.response(PATH, SYSTEM.score, np.array([1.0, 0.5]), ("mean", "variance", energy), longest=1.0)
    centre = xr.DataArray(PATH.values.reshape(-1, 2).astype(float).mean(axis=0), dims="variable")
    for name, prefix in (("impulse", ""), ("step", ""), ("step", "gaussian_")):
        of_moments = found[f"{prefix}{name}"]
        expected = of_moments.sel(observable="variance") + 2 * centre * of_moments.sel(observable="mean")
        np.testing.assert_allclose(found[f"{prefix}function_{name}"][0], expected.sum("variable"), atol=1e-9)


def test_the_density_moves_probability_and_makes_none():
    found = kgmm.response(PATH, SYSTEM.score, np.array([1.0, 0.0]), ("mean", "density"), longest=1.0)
    change = found["density_impulse"] * found["bin_width"]
    assert abs(float(change.isel(variable=0, lag=0).sum())) < 0.01
    first = (change * found["bin_centre"]).sum("bin").isel(variable=0)
    np.testing.assert_allclose(first, found["impulse"].sel(observable="mean")[0], atol=0.02)


def test_divergence_by_automatic_differentiation_is_the_given_one():
    x = np.random.default_rng(0).standard_normal((50, 3))
    u, of_u = at_states(x, lambda y: torch.stack([torch.sin(y[:, 0]) * y[:, 1], y[:, 1] ** 3, y[:, 0]], dim=1))
    np.testing.assert_allclose(of_u, np.cos(x[:, 0]) * x[:, 1] + 3 * x[:, 1] ** 2)
    np.testing.assert_allclose(u[:, 2], x[:, 0])
    given = at_states(x, lambda y: np.tanh(y), lambda y: (1 - np.tanh(y) ** 2).sum(axis=1))
    by_torch = at_states(x, lambda y: torch.tanh(y))
    for one, other in zip(given, by_torch):
        np.testing.assert_allclose(one, other)


def test_the_response_to_a_function_does_not_depend_on_who_differentiates():
    one = kgmm.response(PATH, SYSTEM.score, lambda x: -0.1 * x, longest=1.0)
    other = kgmm.response(
        PATH, SYSTEM.score, lambda x: -0.1 * x, divergence=lambda x: np.full(len(x), -0.2), longest=1.0
    )
    xr.testing.assert_allclose(one, other)


@pytest.mark.parametrize("wrong", [lambda x: 1.3 * SYSTEM.score(x), lambda x: SYSTEM.score(x) + 0.3])
def test_a_wrong_score_does_not_pass_its_checks(wrong):
    """Negative control: a score that is 30 % too large, and one with a mean."""
    path = kgmm.simulate("ornstein_uhlenbeck", n_members=40, n_times=1000, interval=0.1, seed=0)
    found = kgmm.response(path, wrong, np.array([1.0, 0.0]), longest=1.0, moments=0)
    assert found.attrs["checks_pass"] == 0 and "contradict" in found.attrs["verdict"]
    assert found.attrs["correction"] == 0 and "check_further" not in found


def test_moments_correct_what_a_polynomial_can_and_the_verdict_sees_what_is_left():
    path = kgmm.simulate("ornstein_uhlenbeck", n_members=40, n_times=1000, interval=0.1, seed=0)
    push = np.array([1.0, 0.0])
    exact = kgmm.response(path, SYSTEM.score, push, longest=1.0)
    found = kgmm.response(path, lambda x: 1.3 * SYSTEM.score(x), push, longest=1.0)
    assert found.attrs["verdict"].startswith("The checks agree with the corrected score: ")
    assert found.attrs["checks_pass"] == 1
    assert 0.25 < found.attrs["correction"] < 0.35
    np.testing.assert_allclose(found["step"], exact["step"], atol=1e-9)  # a linear weight is corrected to any other
    # The response at once is that of any polynomial up to the degree.
    np.testing.assert_allclose(found["impulse"].sel(observable="mean", lag=0.0), [1.0, 0.0], atol=1e-9)

    well = kgmm.simulate("double_well", n_members=200, n_times=1000, interval=0.05, seed=0)
    of_well = kgmm.get_system("double_well").score
    too_few = kgmm.response(well, lambda x: -x, np.array([1.0]), longest=1.0, moments=2)
    assert too_few.attrs["checks_pass"] == 0  # the score is a cubic
    assert kgmm.response(well, of_well, np.array([1.0]), longest=1.0, moments=2).attrs["checks_pass"] == 1


def test_images_of_the_path_are_data():
    """By the symmetry of Lorenz 63 a push of z does not move the means of x and y."""
    path = kgmm.simulate("lorenz63", n_members=20, n_times=500, interval=0.02, seed=0)
    mirror = np.diag([-1.0, -1.0, 1.0])
    score = kgmm.fit_score(path, 0.1, families=("polynomial",))
    options = {"perturbation": np.array([0.0, 0.0, 1.0]), "longest": 1.0}
    found = kgmm.response(path, score, symmetries=[mirror], **options)
    mean = found["step"].sel(observable="mean")
    assert np.abs(mean[:2]).max() < 1e-6 < np.abs(kgmm.response(path, score, **options)["step"][0, :2]).max()
    both = xr.concat([path, path * np.diag(mirror)], "member")

    def symmetric(x):
        return 0.5 * (score(x) + score(x * np.diag(mirror)) * np.diag(mirror))

    np.testing.assert_allclose(mean[2], kgmm.response(both, symmetric, **options)["step"][0, 2], rtol=1e-6)


def unnamed(x):
    return x


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"perturbation": np.array([1.0, np.nan])}, "finite numbers are needed"),
        ({"perturbation": np.tanh}, "does not work with torch tensors .*: its divergence is needed too"),
        ({"perturbation": lambda x: x[:, 0]}, r"perturbation gives \(12000,\) at states \(12000, 2\)"),
        ({"perturbation": torch.log}, "not finite at some states"),
        ({"observables": [lambda x: x[:, 0]]}, "a function without a name: define it with def"),
        ({"observables": ["mean", "mean"]}, "holds 'mean' more than once"),
        ({"observables": []}, "observables is empty"),
        ({"observables": [unnamed]}, r"observable unnamed gives \(10, 2\) at 10 states: \(10,\) is expected"),
        ({"longest": 0.0}, "longest is 0: a path of 40 members"),
    ],
)
def test_refusals(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        kgmm.response(PATH, SYSTEM.score, **{"perturbation": np.ones(2)} | options)


def test_a_score_of_other_data_is_refused():
    class Fitted:
        standardization = Standardization.of(PATH.values.reshape(-1, 2) + 5.0)

        def __call__(self, x):
            return SYSTEM.score(x)

    with pytest.raises(ValueError, match="the score is of other data: variable 1 had mean"):
        kgmm.response(PATH, Fitted(), np.ones(2))


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        ("kuramoto_sivashinsky", {}, "integrated with etdrk4, which has no drift to perturb"),
        ("double_well", {"perturbation": np.ones(2)}, r"perturbation has shape \(2,\): \(1,\) is expected"),
        ("double_well", {"interval": 0.0123}, "interval is 0.0123: it must be a non-negative multiple of dt"),
        ("double_well", {"accuracy": 0.0}, "accuracy is 0.0 and max_pairs 200: a positive number and 20 are needed"),
    ],
)
def test_perturbed_ensembles_refuse(source, options, sentence):
    arguments = {"perturbation": np.ones(1), "longest": 1.0, "interval": 0.1, "max_pairs": 200} | options
    with pytest.raises(ValueError, match=sentence):
        perturbed_response(source, **arguments)


@pytest.mark.parametrize(("scatter", "resolved"), [(0.01, True), (1.0, False)])
def test_bins_without_data_do_not_keep_a_density_from_being_resolved(scatter, resolved):
    rng = np.random.default_rng(0)
    reference = np.concatenate([rng.standard_normal(990), 50.0 + rng.standard_normal(10)])[:, None]
    (group,) = groups_of(("density",), reference, ["x"])
    responses = np.array([function(reference).std() for function in group.functions])
    assert (responses == 0).any()
    blocks = responses[:, None, None] * (1.0 + scatter * rng.standard_normal((len(responses), 20, 3)))
    assert _of_group(group, blocks, reference).is_resolved(0.05) == resolved
