"""A prepared series and its model in the units of the file: what is put back, quantiles, densities, bands."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.restoration import Restoration
from kgmm.data.trajectory import as_trajectory, open_trajectory
from kgmm.figures.drawing import draw, page_of
from kgmm.figures.kinds import restored as figure
from kgmm.report.restored_table import restored_table
from kgmm.results import ExperimentResult
from kgmm.stages.restore_units import restore_units
from kgmm.stages.restored_paths import record_to_draw, whole_years
from kgmm.statistics.file_units import at_places, restored_band, restored_densities, restored_quantiles
from kgmm.statistics.quantiles import LEVELS

N = 2400
DATES = pd.date_range("1801-01-01", periods=N, freq="MS")
SEASON = 8 * np.cos(2 * np.pi * np.arange(N) / 12)
TREND = 0.002 * np.arange(N)


def relaxation(n_times: int, seed: int, decay: float = 0.8) -> np.ndarray:
    """An autoregressive series of unit variance."""
    noise = np.random.default_rng(seed).standard_normal(n_times) * (1 - decay**2) ** 0.5
    x = np.zeros(n_times)
    for k in range(1, n_times):
        x[k] = decay * x[k - 1] + noise[k]
    return x


def written(folder, columns: dict, dropped=(), **options) -> xr.DataArray:
    """The stored samples of a table with these columns at monthly dates, prepared."""
    table = pd.DataFrame({"date": DATES, **columns}).drop(index=list(dropped))
    table.to_csv(folder / "series.csv", index=False)
    series = open_series(folder / "series.csv", None, ReadingOptions(**options))
    write_series(series, samples=folder / "samples.nc", path=folder / "path.nc")
    return open_trajectory(folder / "samples.nc").load()


def record_and_places(samples: xr.DataArray) -> tuple[Restoration, np.ndarray, np.ndarray]:
    restoration = Restoration.of(samples)
    values = samples.values[0].astype(float)
    return restoration, values, restoration.starts[0] + np.arange(len(values))


STEPS = [
    {"what": "transform", "transforms": [[1, "log", [0.0]]]},
    {"what": "anomalies", "period": "monthly", "means": np.outer(np.arange(12.0), [1.0, 0.1]).tolist(), "first": 0},
    {"what": "detrend", "slopes": [0.5, 0.01], "first": -3.0},
    {"what": "standardise", "mean": [1.0, 2.0], "deviation": [3.0, 4.0]},
    {"what": "added", "kept": 2, "lost": 1},
]


def test_redo_is_the_inverse_of_undo_and_slope_its_derivative():
    restoration = Restoration({"variables": ["a", "b"], "step": 1.0, "steps": STEPS, "starts": [0]})
    y, places = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50)
    x = restoration.undo(y, places)
    assert x.shape == (50, 2)
    np.testing.assert_allclose(restoration.redo(x, places), y[:, :2], atol=1e-12)
    h = 1e-6
    slope = (restoration.redo(x + h, places) - restoration.redo(x - h, places)) / (2 * h)
    np.testing.assert_allclose(restoration.slope(x), slope, rtol=1e-4)
    assert restoration.starts == [1] and restoration.period == 12.0
    assert restoration.in_words == [
        "the inverse of the log of b", "the mean of each month", "the linear trend", "mean and standard deviation",
    ]  # fmt: skip
    # Many times at once.
    levels = np.broadcast_to(np.array([[0.0, 1.0, 0.0, 0.0]]), (5, 50, 4))
    np.testing.assert_allclose(restoration.undo(levels, places)[2], restoration.undo(levels[2], places))


def test_the_record_comes_back_with_its_quantiles(tmp_path):
    x = 15 + SEASON + TREND + relaxation(N, 0)
    samples = written(tmp_path, {"x": x}, anomalies="monthly", detrend=True)
    restoration, states, places = record_and_places(samples)
    model = np.random.default_rng(1).standard_normal((400, 20, 1)) * states.std()
    at = at_places(model, places, np.random.default_rng(2))
    found = restored_quantiles(restoration, states, places, restoration.undo(model, at))
    np.testing.assert_allclose(found["quantile_record"][1][0], np.quantile(x, LEVELS), atol=1e-4)
    difference = found["quantile_model"][1] - found["quantile_record"][1]
    error = np.hypot(found["quantile_model_stderr"][1], found["quantile_record_stderr"][1])
    assert (np.abs(difference) < 4 * error).all()
    # A model without the season fails.
    bare = restored_quantiles(restoration, states, places, 15 + model)
    assert np.abs((bare["quantile_model"][1] - found["quantile_record"][1]) / error).max() > 10


def test_errors_of_quantiles_are_their_scatter():
    """Over replicates of one law with season and trend, whose own parameters are known."""
    means = [[value] for value in 3 * np.cos(2 * np.pi * np.arange(12) / 12)]
    steps = [
        {"what": "anomalies", "period": "monthly", "means": means, "first": 0},
        {"what": "detrend", "slopes": [0.001], "first": 0.0},
    ]
    restoration = Restoration({"variables": ["x"], "step": 1.0, "steps": steps, "starts": [0]})
    places, model = np.arange(N), np.zeros((20, 2, 1))
    found = [restored_quantiles(restoration, relaxation(N, seed)[:, None], places, model) for seed in range(60)]
    values, errors = (
        np.array([one[name][1][0] for one in found]) for name in ("quantile_record", "quantile_record_stderr")
    )
    ratio = np.sqrt((errors**2).mean(axis=0)) / values.std(axis=0, ddof=1)
    # Each is known to 1/√(2 · 59); blocks of 120 months with a decorrelation time of five months lose a few percent.
    assert (ratio > 0.65).all() and (ratio < 1.35).all(), ratio
    # Blocks of the values themselves would take the trend for noise.
    trended = np.array([np.quantile(block, 0.5) for block in np.array_split(restoration.undo(
        relaxation(N, 0)[:, None], places)[:, 0], 20)])  # fmt: skip
    assert trended.std(ddof=1) / 20**0.5 > 1.5 * values.std(axis=0)[3]


def test_the_density_of_a_logarithm_is_the_lognormal_one(tmp_path):
    x = np.exp(0.5 * relaxation(N, 3, decay=0.3))
    samples = written(tmp_path, {"x": x}, transform={"x": "log"})
    restoration, states, places = record_and_places(samples)
    model = 0.5 * np.random.default_rng(4).standard_normal((1000, 40, 1))
    found = restored_densities(restoration, states, places, model)
    at, curve = found["curve_point"][1][0], found["density_model"][1][0]
    exact = stats.lognorm(0.5).pdf(at)
    assert np.abs(curve - exact).max() < 0.05 * exact.max()
    # Without the Jacobian it would be that of the logarithm.
    assert np.abs(stats.norm(0, 0.5).pdf(np.log(at)) - exact).max() > 0.2 * exact.max()
    bins, density = found["bin_center"][1][0], found["density_record"][1][0]
    assert (density * np.diff(bins).mean()).sum() == pytest.approx(0.996, abs=0.01)


FOLDED = {
    "half-normal": (stats.halfnorm(), "reflect:0"),
    "truncated exponential": (stats.truncexpon(2.0, scale=0.5), "reflect:0:1"),
    "von Mises": (stats.vonmises(1.0, loc=np.pi), "angle:6.283185307179586"),
}


@pytest.mark.parametrize("law", FOLDED)
def test_of_mirrored_variables_and_angles_all_states_count(law, tmp_path):
    """The sample of the model is the prepared record: its density, quantiles and band are those of the law."""
    distribution, transform = FOLDED[law]
    x = distribution.rvs(N, random_state=np.random.default_rng(15))
    restoration, states, places = record_and_places(written(tmp_path, {"x": x}, transform={"x": transform}))
    many = distribution.rvs(40_000, random_state=np.random.default_rng(16))
    model = restoration.redo(many[:, None], places[:1]).reshape(400, 100, -1)
    side = np.random.default_rng(17).choice([-1.0, 1.0], (400, 100))
    model[..., -1] *= 1.0 if law == "von Mises" else side  # of a mirrored distance, or of its sine
    found = restored_densities(restoration, states, places, model)
    at, curve = found["curve_point"][1][0], found["density_model"][1][0]
    exact = distribution.pdf(at)
    assert np.abs(curve - exact).max() < 0.07 * exact.max()
    of_model = restoration.undo(model, np.zeros((400, 100), dtype=int))
    quantiles = restored_quantiles(restoration, states, places, of_model)
    share = np.sqrt(np.multiply(LEVELS, np.subtract(1, LEVELS)) / N) / np.interp(np.quantile(x, LEVELS), at, exact)
    ratio = quantiles["quantile_record_stderr"][1][0] / share
    assert (ratio[1:-1] > 0.4).all() and (ratio[1:-1] < 2.0).all()
    band = restored_band(restoration, model, places)
    np.testing.assert_allclose(band[[0, -1], 2, 0], np.median(of_model), rtol=1e-6)


def test_a_season_makes_two_modes_of_one(tmp_path):
    x = SEASON + relaxation(N, 5)
    restoration, states, places = record_and_places(written(tmp_path, {"x": x}, anomalies="monthly"))
    model = np.random.default_rng(6).standard_normal((1000, 20, 1))
    found = restored_densities(restoration, states, places, model)
    at, curve = found["curve_point"][1][0], found["density_model"][1][0]
    exact = np.mean([stats.norm(SEASON[month]).pdf(at) for month in range(12)], axis=0)
    # The mean of a month is known to 0.07, a fourteenth of the width of a mode.
    assert np.abs(curve - exact).max() < 0.12 * exact.max()
    assert np.abs(stats.norm(0, x.std()).pdf(at) - exact).max() > 0.3 * exact.max()


def test_a_band_follows_season_and_trend(tmp_path):
    restoration, states, places = record_and_places(
        written(tmp_path, {"x": SEASON + TREND + relaxation(N, 7)}, anomalies="monthly", detrend=True)
    )
    model = states.std() * np.random.default_rng(8).standard_normal((500, 20, 1))
    band = restored_band(restoration, model, places)
    assert band.shape == (N, 5, 1) and (np.diff(band, axis=1) > 0).all()
    np.testing.assert_allclose(band[:, 2, 0], SEASON + TREND, atol=0.5)
    inside = np.mean((restoration.undo(states, places) > band[:, 1]) & (restoration.undo(states, places) < band[:, 3]))
    assert inside == pytest.approx(0.9, abs=0.03)


def test_gaps_stay_gaps_and_long_seasons_become_years(tmp_path):
    samples = written(tmp_path, {"x": SEASON + relaxation(N, 9)}, range(500, 620), gaps="segments", anomalies="monthly")
    restoration = Restoration.of(samples)
    found = record_to_draw(restoration, samples, np.zeros((20, 2, 1)) + np.arange(20.0)[:, None, None])
    record, time = found["record"][1][:, 0], found["record_time"][1]
    assert np.isnan(record).sum() == 1 and np.isfinite(record).sum() == N - 120
    known = np.isfinite(time)
    days = (DATES.delete(range(500, 620)) - pd.Timestamp("1970-01-01")).days
    np.testing.assert_allclose(time[known], days)
    assert whole_years(restoration, N) and not whole_years(restoration, 300)
    assert found["band"][1].shape == (200, 5, 1)


def finished(folder, **options) -> SimpleNamespace:
    """The result of the stage for a wind and a rain with gaps."""
    rain = np.exp(relaxation(N, 10, decay=0.5))
    samples = written(folder, {"wind": SEASON + TREND + relaxation(N, 11), "rain": rain}, gaps="segments", **options)
    d, names = samples.sizes["variable"], [str(name) for name in samples["variable"].values]
    scale = np.nanstd(samples.values, axis=(0, 1))
    for name, shape, step in (("model", (400, 10, d), 5.0), ("model_path", (4, 300, d), 10.0)):
        values = np.random.default_rng(12).standard_normal(shape) * scale + np.nanmean(samples.values, axis=(0, 1))
        as_trajectory(values.astype(np.float32), names, step).to_dataset(name="state").to_netcdf(folder / f"{name}.nc")
    settings = {"system": ReadingOptions(gaps="segments", **options).model_dump() | {"kind": "dataset"}}
    job = SimpleNamespace(
        settings=settings, seed=np.random.SeedSequence(0),
        inputs=SimpleNamespace(
            trajectory_samples=folder / "samples.nc", sample_samples=folder / "model.nc",
            sample_path=folder / "model_path.nc",
        ),
        outputs=SimpleNamespace(restored=folder / "restored.nc"),
    )  # fmt: skip
    restore_units(job)
    return page_of(folder / "restored.nc", "restored")


def test_the_stage_says_what_it_put_back(tmp_path):
    dataset = finished(tmp_path, anomalies="monthly", detrend=True, transform={"rain": "log"}, lag_embed=2)
    assert dataset["variable"].values.tolist() == ["wind", "rain"]
    said = figure.caption(dataset)
    assert said.startswith("Put back: the inverse of the log of rain, the mean of each month and the linear trend. ")
    assert said.endswith(" Earlier states, which are no variables of the file, are not shown.")
    assert dataset.attrs["axis"] == "date" and dataset.attrs["n_members"] == 1
    # The path of the model is 3000 days long.
    assert dataset.sizes["stretch_time"] == 98 and np.isfinite(dataset["stretch_record"]).all()
    draw(dataset)
    publishable = tmp_path / "restored.png"
    table = restored_table(str(publishable))
    assert [row["variable"] for row in table] == ["wind"] * 7 + ["rain"] * 7
    assert [row["quantile"] for row in table[:7]] == [f"{100 * level:g} %" for level in LEVELS]
    assert all(" ± " in table[10][name] for name in ("record", "model", "difference"))
    assert restored_table(None) == []


def test_units_of_the_file_are_on_the_axes(tmp_path):
    values = xr.Dataset({"tas": ("time", 280 + relaxation(N, 13), {"units": "K"})}, {"time": DATES})
    values.to_netcdf(tmp_path / "tas.nc")
    series = open_series(tmp_path / "tas.nc", None, ReadingOptions(detrend=True))
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    samples = open_trajectory(tmp_path / "samples.nc")
    assert json.loads(samples.attrs["units"]) == {"tas": "K"} and samples.attrs["time_unit"] == "days"
    shown = xr.Dataset(coords={"variable": ["tas"]}, attrs={"units": samples.attrs["units"]})
    assert figure.label_of(shown, 0) == "tas (K)"


def test_what_cannot_be_undone_is_said():
    assert not ReadingOptions(reduce="pcs=2", anomalies="monthly").can_be_undone
    assert ReadingOptions(reduce="mean", anomalies="monthly").can_be_undone
    assert not ReadingOptions(gaps="segments", resample=2.0).can_be_undone
    (said,) = ReadingOptions(reduce="pcs=2", anomalies="monthly", detrend=True).not_undone
    assert said.endswith("and season and trend of its grid points (anomalies and detrend) are not put back")
    assert ReadingOptions(jitter=0.1).not_undone == ["the uniform noise of width 0.1 stays in the values"]


def test_members_of_one_time_axis_are_all_detrended(tmp_path):
    trend = 0.01 * np.arange(300)
    values = np.random.default_rng(14).standard_normal((3, 300)) + trend
    file = tmp_path / "members.nc"
    xr.Dataset({"x": (("member", "time"), values)}, {"time": np.arange(300.0)}).to_netcdf(file)
    path = kgmm.read(file, detrend=True)
    assert path.shape == (3, 300, 1)
    np.testing.assert_allclose(kgmm.restore(path, path).values[:, :, 0], values)
    assert abs(np.polyfit(np.arange(300), path.values[:, :, 0].mean(axis=0), 1)[0]) < 1e-9
    assert kgmm.read(file, resample=3.0).shape == (3, 100, 1)
    gappy = xr.Dataset({"x": (("member", "time"), np.where(np.arange(300) == 40, np.nan, values))})
    gappy.assign_coords(time=np.arange(300.0)).to_netcdf(tmp_path / "gappy.nc")
    path = kgmm.read(tmp_path / "gappy.nc", gaps="segments", detrend=True)
    assert path.sizes["member"] == 6
    # The figure shows the first of them.
    series = open_series(tmp_path / "gappy.nc", None, ReadingOptions(gaps="segments", detrend=True))
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    samples = open_trajectory(tmp_path / "samples.nc").load()
    assert samples.shape == (1, 3 * 299 + 5, 1)
    found = record_to_draw(Restoration.of(samples), samples, np.ones((20, 2, 1)))
    record = found["record"][1][:, 0]
    np.testing.assert_allclose(record[np.isfinite(record)], np.delete(values[0], 40), atol=1e-5)
    assert found["band_time"][1][-1] == 299


def test_segments_of_one_length_by_chance_are_segments(tmp_path):
    table = pd.DataFrame({"t": np.delete(np.arange(101.0), 50), "x": relaxation(100, 15)})
    table.to_csv(tmp_path / "x.csv", index=False)
    series = open_series(tmp_path / "x.csv", None, ReadingOptions(time="t", gaps="segments", detrend=True))
    assert series.shape == (1, 101, 1) and series.n_states == 100
    assert series.load().shape == (2, 50, 1)
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    assert "100 states in 2 segments of 50 are used" in open_trajectory(tmp_path / "samples.nc").attrs["preparation"]


def test_a_block_may_have_this_figure_as_its_own(tmp_path):
    finished(tmp_path, anomalies="monthly", detrend=True, transform={"rain": "log"})
    row = ExperimentResult("block", "station", "stable", 0.05)
    dataset = figure.gather([row, replace(row, restored=str(tmp_path / "restored.nc"))])
    assert dataset["variable"].values.tolist() == ["wind", "rain"]
    nothing = figure.gather([row])
    draw(nothing.assign_attrs(kind="restored"))
    assert figure.caption(nothing) == ""


@pytest.mark.parametrize(
    ("header", "units"),
    [
        ("time,t (°C),q [g/kg]", {"t": "°C", "q": "g/kg"}),
        ("time,t,q\nyr,°C,%", {"t": "°C", "q": "%"}),
        ("time,t,q", {}),
    ],
)
def test_units_of_text_are_those_of_its_header(tmp_path, header, units):
    rows = [f"{k},{x:.3f},{y:.3f}" for k, (x, y) in enumerate(zip(relaxation(200, 16), relaxation(200, 17)))]
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]) + "\n")
    series = open_series(tmp_path / "x.csv", None, ReadingOptions(detrend=True))
    assert (series.variables, dict(series.units)) == (("t", "q"), units)
    assert series.unit == ("yr" if "yr" in header else "")
