"""Members of unequal length: statistics over them equal a direct computation from the pieces, and cross no gap."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm
from kgmm.data.blocks import jackknife_variance
from kgmm.data.paths import as_members, as_path
from kgmm.data.samples import Samples
from kgmm.data.segments import SEGMENTS, blocks_of_runs, every, in_one_member, joined, runs, states_of
from kgmm.data.trajectory import split
from kgmm.langevin.diffusion import resolves_noise
from kgmm.langevin.kramers_moyal import KramersMoyalModel
from kgmm.langevin.linear_inverse import LinearInverseModel
from kgmm.langevin.mobility import short_lag_exponent
from kgmm.langevin.response_blocks import BlockCorrelations
from kgmm.langevin.velocities import difference_diffusion, normal_equations
from kgmm.report.verdicts import verdicts
from kgmm.statistics.autocorrelation import BlockedAutocorrelation, compare_autocorrelations
from kgmm.statistics.comparison import compare
from kgmm.statistics.correlation import block_sums, correlation, correlations_without_block
from kgmm.statistics.description import describe
from kgmm.statistics.joint import compare_joint
from kgmm.statistics.verdict import short_segments

LENGTHS = (400, 37, 3, 250, 120, 90)
N_LAGS = 12


def pieces(seed: int = 0, lengths=LENGTHS, offset: float = 0.0) -> list[np.ndarray]:
    """Stretches of one correlated linear process of two variables; ``offset`` is added to every other one."""
    rng = np.random.default_rng(seed)
    found = []
    for k, length in enumerate(lengths):
        x = np.zeros((length + 100, 2))
        for t in range(1, len(x)):
            x[t] = np.array([[0.8, 0.1], [-0.1, 0.7]]) @ x[t - 1] + rng.standard_normal(2)
        found.append(x[100:] + offset * (k % 2))
    return found


PARTS = pieces()
VALUES = joined(PARTS)


def direct_correlation(parts, lag: int) -> np.ndarray:
    """The mean of the products of all pairs within the pieces, about the mean of all states."""
    mean = np.concatenate(parts).mean(axis=0)
    products = [np.outer(x[t + lag] - mean, x[t] - mean) for x in parts for t in range(len(x) - lag)]
    return np.mean(products, axis=0)


def test_segments_come_back():
    assert VALUES.shape == (1, sum(LENGTHS) + len(LENGTHS) - 1, 2)
    for part, run in zip(PARTS, runs(VALUES), strict=True):
        np.testing.assert_array_equal(part, run)
    np.testing.assert_array_equal(states_of(VALUES), np.concatenate(PARTS))
    for part, run in zip(PARTS, runs(every(VALUES, 2)), strict=True):
        np.testing.assert_array_equal(part[::2], run)
    whole = np.zeros((3, 5, 2))
    assert len(runs(whole)) == 3 and len(states_of(whole)) == 15 and every(whole, 2).shape == (3, 3, 2)


def test_blocks_hold_every_state_once_and_about_as_many():
    blocks = blocks_of_runs(PARTS, 20)
    np.testing.assert_array_equal(np.concatenate([part for block in blocks for part in block]), np.concatenate(PARTS))
    sizes = [sum(len(part) for part in block) for block in blocks]
    assert len(blocks) == 20 and max(sizes) < 3 * min(sizes)


def test_correlations_are_means_over_the_pairs_within_segments():
    found = correlation(VALUES, N_LAGS)
    expected = [direct_correlation(PARTS, lag) for lag in range(N_LAGS)]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(correlation(as_path(PARTS).values, N_LAGS), expected, rtol=1e-10, atol=1e-12)
    # The same states without their gaps have pairs across them: another number.
    across = correlation(np.concatenate(PARTS)[None], N_LAGS)
    assert np.abs(across[1:] - found[1:]).max() > 1e-3


def test_a_gap_of_one_state_is_not_passed_over():
    """Levels that alternate between segments: pairs across the gaps would have the opposite sign."""
    parts = [np.full((4, 1), 1.0 if k % 2 else -1.0) for k in range(40)]
    np.testing.assert_allclose(correlation(joined(parts), 3)[:, 0, 0], [1.0, 1.0, 1.0])
    assert correlation(np.concatenate(parts)[None], 3)[2, 0, 0] < 0.2


def test_lags_beyond_the_longest_segment_are_refused():
    with pytest.raises(ValueError, match="n_lags is 401: it must lie between 1 and the number of times, 400"):
        correlation(VALUES, 401)
    with pytest.raises(ValueError, match="n_lags is 300: blocks of the path allow "):
        correlations_without_block(VALUES, 300)


def test_the_jackknife_leaves_out_the_pairs_of_a_block():
    blocks = blocks_of_runs(PARTS, 20)
    mean = np.concatenate(PARTS).mean(axis=0)
    without = correlations_without_block(VALUES, N_LAGS)
    for number in (0, 7, 19):
        rest = [part - mean for k, block in enumerate(blocks) if k != number for part in block]
        for lag in (0, 5):
            products = [np.outer(x[t + lag], x[t]) for x in rest for t in range(len(x) - lag)]
            np.testing.assert_allclose(without[number][lag], np.mean(products, axis=0), rtol=1e-9)
    sums, pairs = block_sums(VALUES, N_LAGS)
    assert pairs[:, 0].sum() == sum(LENGTHS) and (sums.shape, pairs.shape) == ((20, 12, 2, 2), (20, 12))


def test_blocked_autocorrelations_and_their_errors():
    found = BlockedAutocorrelation.of(VALUES, 1.0)
    own = np.array([np.diag(direct_correlation(PARTS, lag)) for lag in range(5)])
    np.testing.assert_allclose(found.rho[:5], own / own[0], rtol=1e-10)
    assert found.n_values == sum(LENGTHS)
    c = np.array([[np.diag(one[lag]) for lag in range(5)] for one in correlations_without_block(VALUES, 5)])
    without = np.array([rho[:5] for rho in found.without_block()])
    np.testing.assert_allclose(without, c / c[:, :1], rtol=1e-9)
    # Errors of the size of those of an unbroken series with as many states.
    unbroken = BlockedAutocorrelation.of(np.concatenate(pieces(1, (900,)))[None], 1.0)
    error, other = (jackknife_variance([rho[3] for rho in one.without_block()]) ** 0.5 for one in (found, unbroken))
    assert (error / other < 2.5).all() and (other / error < 2.5).all()


def test_a_comparison_of_a_law_with_itself_finds_no_difference():
    data = xr.DataArray(
        joined(pieces(2, (4000, 900, 1500, 60))), dims=("member", "time", "variable"),
        coords={"time": np.arange(1.0, 6464.0), "variable": ["a", "b"]}, attrs={SEGMENTS: 4},
    )  # fmt: skip
    model = as_path(np.stack(pieces(3, (600,) * 50)))
    table = compare_autocorrelations(data, model).set_index(["statistic", "variable"])
    errors = table.loc["autocorrelation_error_5"]
    assert (errors["value"] < 4 * errors["stderr"].clip(lower=0.01)).all()
    densities = compare(data, model).set_index(["statistic", "variable"])
    padded = compare(as_path(runs(data.values)), model).set_index(["statistic", "variable"])
    np.testing.assert_array_equal(densities["value"], padded["value"].to_numpy())
    assert np.isfinite(compare_joint(data, model, model, 0.1)["value"]).all()
    entropies = densities.loc["relative_entropy"]
    assert (entropies["value"] < 0.01 + 4 * entropies["stderr"]).all()


def test_models_are_fitted_to_increments_within_segments():
    path = in_one_member(as_path(PARTS))
    lagged = direct_correlation(PARTS, 3)
    fitted = LinearInverseModel.fit(path, 3.0)
    expected = LinearInverseModel.of_correlations(
        np.concatenate(PARTS).mean(axis=0), direct_correlation(PARTS, 0), lagged, 3.0
    )
    np.testing.assert_allclose(fitted.drift, expected.drift, rtol=1e-8)
    one = in_one_member(as_path([part[:, :1] for part in pieces(0, offset=50.0)]))
    model = KramersMoyalModel.fit(one, 4)
    assert model.count.sum() == sum(LENGTHS) - len(LENGTHS)
    # An increment over a gap would be fifty deviations long.
    assert np.abs(model.drift).max() < 10
    assert (short_lag_exponent(VALUES, 4) < 1.5).all()


def test_a_path_too_short_for_its_diffusion_is_a_failure_and_leaves_the_noise_unknown():
    short = pieces(4, (76,))[0][None]
    with pytest.raises(kgmm.ScientificFailure, match="four states without a gap: it is too short"):
        difference_diffusion(short, 1.0)
    long_enough = pieces(4, (90,))[0][None]
    diffusion, _ = difference_diffusion(long_enough, 1.0)
    assert not resolves_noise(np.eye(2), long_enough, 1.0) and diffusion.shape == (2, 2)


def test_velocities_and_diffusions_are_those_of_the_pieces():
    parts = pieces(4, (300, 41, 200, 90, 5), offset=50.0)
    diffusion, stderr = difference_diffusion(joined(parts), 1.0)
    plain, _ = difference_diffusion(joined(pieces(4, (300, 41, 200, 90, 5))), 1.0)
    np.testing.assert_allclose(diffusion, plain, rtol=1e-9)  # offsets drop out: no difference reaches over a gap
    assert (stderr > 0).all()
    score = kgmm.fit_score(np.concatenate(PARTS), families=("polynomial",))
    from kgmm.langevin.polynomials import PolynomialBasis

    basis = PolynomialBasis.of_degree(np.zeros(2), np.ones(2), 0)
    equations = normal_equations(VALUES, 1.0, score, basis)
    inner = sum(max(0, length - 6) for length in LENGTHS)
    # Blocks are stretches of the array, which lose at most three states at each of their ends.
    assert inner - 6 * 10 - 60 < equations.n_points <= inner


def test_responses_correlate_within_segments():
    flat = np.concatenate(PARTS)
    weights = np.stack([flat[:, 0], flat[:, 1] ** 2])
    found = BlockCorrelations(weights, LENGTHS, 4)
    a = np.sin(flat[:, 0])
    blocks = blocks_of_runs([np.arange(s - n, s) for s, n in zip(np.cumsum(LENGTHS), LENGTHS)], 20)
    values = found.blocks_of(a)
    assert values.shape == (2, 20, 4)
    for number in (0, 11):
        for lag in (0, 3):
            pairs = [(at[t + lag], at[t]) for at in blocks[number] for t in range(len(at) - lag)]
            expected = np.mean([a[later] * weights[:, now] for later, now in pairs], axis=0)
            np.testing.assert_allclose(values[:, number, lag], expected, atol=1e-12)


def test_a_response_of_segments_is_near_that_of_the_exact_law():
    system = kgmm.get_system("ornstein_uhlenbeck")
    long = kgmm.simulate("ornstein_uhlenbeck", n_members=8, n_times=2000, interval=0.1, seed=0).values.astype(float)
    parts = [member[:length] for member, length in zip(long, (2000, 700, 1500, 300, 2000, 1100, 900, 1999))]
    found = kgmm.response(as_path(parts, time_step=0.1), system.score, np.array([1.0, 0.0]), longest=2.0)
    impulse = found["impulse"].sel(observable="mean")[0]
    assert abs(float(impulse[0]) - 1.0) < 0.2 and found.attrs["checks_pass"] == 1


def test_samples_and_parts_hold_every_state():
    path = in_one_member(as_path(PARTS))
    samples = Samples(path)
    assert samples.shape == (sum(LENGTHS), 2)
    np.testing.assert_array_equal(samples[:], np.concatenate(PARTS))
    parts = split(path)
    training, held_out = Samples(parts.training)[:], Samples(parts.held_out)[:]
    np.testing.assert_array_equal(training, np.concatenate(PARTS)[: len(training)])
    np.testing.assert_array_equal(held_out, np.concatenate(PARTS)[-len(held_out) :])
    assert len(training) + len(held_out) == pytest.approx(0.99 * sum(LENGTHS), abs=len(LENGTHS))


def test_the_page_of_the_data_counts_states_and_segments():
    path = in_one_member(as_path(PARTS))
    found = describe(path, path, None, np.array([50.0, 60.0]))
    assert (found.attrs["n_samples"], found.attrs["n_segments"]) == (sum(LENGTHS), len(LENGTHS))
    np.testing.assert_allclose(found["mean"], np.concatenate(PARTS).mean(axis=0))
    assert np.isfinite(found["decorrelation_time"]).all() and np.isfinite(found["density"]).all()


def test_python_takes_every_state_of_unequal_members():
    lengths = (3000, 500, 1200, 40, 2500)
    path = as_path(pieces(5, lengths), time_step=1.0)
    model = kgmm.fit_langevin(path, kgmm.fit_score(path, families=("polynomial",)), circulation="constant")
    validation = kgmm.validate(model, path)
    assert "densities" in validation.verdict.uses
    rows = validation.table.set_index(["statistic", "variable"])
    mean = np.concatenate(pieces(5, lengths))[:, 0].mean()
    assert rows.loc[("mean", "x1"), "data_value"] == pytest.approx(mean, abs=0.3)
    assert as_members(path).shape == (1, sum(lengths) + 4, 2)


def trajectories(n_samples: int, n_segments: int, time: float) -> pd.DataFrame:
    """A row of the table of the data: one variable with that decorrelation time in steps."""
    row = {"n_samples": n_samples, "n_members": 1, "n_segments": n_segments, "limits": "", "path_interval": 1.0}
    return pd.DataFrame([row | {"decorrelation_time": time}])


def test_the_verdict_says_what_segments_lack():
    missing = {"statistic": "autocorrelation_error_5", "variable": "x", "value": np.nan, "stderr": np.nan}
    common = {"method": "stable", "sigma": 0.05, "mobility": "slope", "floor": np.nan, "data_value": np.nan}
    metrics = pd.DataFrame([missing | common | {"status": "ok", "reason": ""}])

    def said(*data) -> str:
        (found,) = verdicts(metrics, trajectories(*data))
        return str(found.verdict)

    assert "must hold one of 52 states, five decorrelation times; close short gaps) could not be" in said(
        9000, 40, 10.0
    )
    assert said(9000, 40, 10.0).endswith("All 9000 states of the 40 segments between gaps are used.")
    # Of few states in all, and of data without gaps, it says how many are needed.
    assert "states are needed in all" in said(900, 40, 10.0) and "states are needed in all" in said(9000, 1, 10.0)
    assert "segments" not in said(9000, 1, 10.0)
    assert "does not decorrelate within the segments" in said(9000, 40, np.nan)


def test_an_inspection_warns_of_short_segments():
    long, short = (in_one_member(as_path(pieces(6, lengths))) for lengths in ((900, 700, 30), (14, 15, 16) * 60))
    assert short_segments(long, np.array([4.0, 3.0])) == []
    (said,) = short_segments(short, np.array([4.0, 3.0]))
    assert "must hold one of 22 states" in said and "--gaps interpolate" in said
    assert short_segments(as_path(np.zeros((1, 900, 2))), np.array([4.0, 3.0])) == []
