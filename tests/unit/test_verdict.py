import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.statistics.autocorrelation import compare_autocorrelations
from kgmm.statistics.autocorrelation_floors import with_autocorrelation_floors
from kgmm.statistics.comparison import compare
from kgmm.statistics.criteria import judge
from kgmm.statistics.halves import halves_of_members, interleaved_halves
from kgmm.statistics.joint import compare_joint
from kgmm.statistics.verdict import Verdict


def pair(correlation: float, n_times: int, seed: int, n_members: int = 1) -> xr.DataArray:
    """Two autoregressions with a coefficient of 0.5 and a correlation."""
    noise = np.random.default_rng(seed).standard_normal((n_members, n_times + 30, 2))
    x = np.zeros_like(noise)
    for k in range(1, n_times + 30):
        x[:, k] = 0.5 * x[:, k - 1] + noise[:, k]
    x = x[:, 30:]
    x[:, :, 1] = correlation * x[:, :, 0] + (1 - correlation**2) ** 0.5 * x[:, :, 1]
    coords = {"time": np.arange(n_times) * 1.0, "variable": ["a", "b"]}
    return xr.DataArray(x, dims=("member", "time", "variable"), coords=coords)


def row(statistic: str, value: float, floor: float, stderr: float = 0.001, variable: str = "x") -> dict:
    return {
        "statistic": statistic, "variable": variable, "value": value, "stderr": stderr, "floor": floor,
        "data_value": np.nan,
    }  # fmt: skip


def verdict(*rows: dict, **options) -> Verdict:
    return Verdict.of(pd.DataFrame(rows), **options)


@pytest.mark.parametrize("correlation, right", [(0.8, True), (0.4, False), (-0.8, False)])
def test_joint_densities_are_judged_by_what_the_data_resolve(correlation, right):
    even, odd = interleaved_halves(pair(correlation, 1500, seed=1))
    model = pair(0.8, 200, seed=2, n_members=50)
    table = compare_joint(even, model, odd)
    # 2500 bins tell nothing of 750 states: two halves of the data differ by nearly half.
    assert table.set_index("statistic").loc["joint_total_variation", "floor"] > 0.4
    found = Verdict.of(table[~table.statistic.str.startswith("quantile")])
    assert found.uses == (("joint densities",) if right else ())
    assert any("the correlation of a,b differs by" in failure for failure in found.failures) != right


def test_one_statistic_that_tells_something_is_enough_but_not_the_correlation_alone():
    coarse = row("joint_total_variation", 0.6, 0.5)
    sliced, correlation = row("sliced_wasserstein", 0.06, 0.05, variable=""), row("correlation_error", 0.01, 0.01)
    assert verdict(coarse, sliced, correlation).uses == ("joint densities",)
    found = verdict(coarse, correlation)
    assert found.uses == () and "joint densities (the joint density of x has an error of 0.5" in found.unknown[0]
    assert "data 4 times as long are needed) could not be judged." in str(found)
    # A coarse statistic may still fail.
    assert verdict(row("joint_total_variation", 0.95, 0.5), sliced).failures


@pytest.mark.parametrize("statistic", ["relative_entropy", "sliced_wasserstein", "autocorrelation_error_5"])
def test_nothing_passes_without_a_floor(statistic):
    found = verdict(row(statistic, 0.001, np.nan))
    assert found.uses == () and len(found.unknown) == 1 and "were not compared" in str(found)


@pytest.mark.parametrize(
    ("floor", "stderr", "beside"),
    [
        (0.2, 0.1, ", floor 0.2"),
        (0.1, 0.2, ", standard error 0.2"),
        (np.nan, 0.1, ", standard error 0.1"),
        (np.nan, np.nan, ""),
    ],
)
def test_a_failure_tells_the_larger_of_the_errors_that_are_known(floor, stderr, beside):
    (judgement,) = judge(pd.DataFrame([row("relative_entropy", 5.0, floor, stderr)]))
    assert judgement.failures == (f"the density of x differs by 5{beside}",)


def test_what_could_not_be_judged_has_its_reason():
    short = row("autocorrelation_error_5", np.nan, np.nan)
    assert "time scales (240 states are needed) could" in str(
        verdict(short, needed={"time scales": "240 states are needed"})
    )
    assert "time scales (the data are too short for it) could" in str(verdict(short))


def test_a_floor_that_is_small_by_chance_is_replaced_by_the_standard_error():
    assert verdict(row("relative_entropy", 0.035, -0.0044, stderr=0.02)).uses == ("densities",)
    (failure,) = verdict(row("relative_entropy", 0.07, -0.0044, stderr=0.02)).failures
    assert failure == "the density of x differs by 0.07, standard error 0.02"


def test_no_smaller_sigma_is_advised_where_it_is_zero():
    wrong = row("relative_entropy", 0.3, 0.01)
    assert verdict(wrong, sigma=0.0).remedies == ("more data",)
    assert verdict(wrong, sigma=0.05).remedies == ("a smaller σ or more data",)


def test_autocorrelations_of_short_halves_have_floors():
    path = pair(0.0, 450, seed=3)
    table = compare_autocorrelations(path, pair(0.0, 450, seed=4, n_members=20))
    found = with_autocorrelation_floors(table, *halves_of_members(path)).set_index(["statistic", "variable"])["floor"]
    for statistic in ("autocorrelation_error", "autocorrelation_error_5", "decorrelation_time"):
        assert 0 <= found[(statistic, "a")] < 0.5


def test_floors_of_many_members_reach_as_far_as_their_paths():
    # Five decorrelation times are more than half of a member, but not more than it.
    path, model = pair(0.0, 12, seed=7, n_members=400), pair(0.0, 12, seed=8, n_members=400)
    found = with_autocorrelation_floors(compare_autocorrelations(path, model), *halves_of_members(path))
    floors = found.set_index(["statistic", "variable"])["floor"]
    assert floors[("autocorrelation_error_5", "a")] < 0.1
    assert Verdict.of(found).uses == ("time scales",)


def test_floors_of_a_comparison_are_those_of_halves_of_the_data():
    path, model = pair(0.0, 1500, seed=5), pair(0.0, 200, seed=6, n_members=20)
    table = compare(path, model).set_index(["statistic", "variable"])
    assert np.isfinite(table["floor"]).all()
    assert table.loc[("wasserstein", "a"), "floor"] < 0.3
    assert Verdict.of(table.reset_index()).uses == ("densities",)
    shifted = compare(path, model + 1.0)
    assert "the density of a differs by" in str(Verdict.of(shifted))


@pytest.mark.parametrize("name", ["", np.nan])
def test_a_statistic_of_all_variables_together_has_no_name(name):
    """Read from a table an empty name is NaN."""
    row = {"statistic": "sliced_wasserstein", "variable": name, "value": 0.3, "stderr": 0.3, "floor": 0.3}
    (found,) = (one for one in judge(pd.DataFrame([row])) if one.use == "joint densities")
    assert "the joint density has an error of 0.3" in found.reason
