"""Files as users have them: fields with seasons and gaps, segments, odd tables of times, lone missing values."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm
from kgmm.cli.main import main
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import content_hash, write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.trajectory import open_trajectory
from kgmm.stages.import_dataset import import_dataset

N = 360
RNG = np.random.default_rng(11)


def relaxation(n_times: int = N, decay: float = 0.9) -> np.ndarray:
    """An autoregressive series with unit variance."""
    x = np.zeros(n_times)
    for k in range(1, n_times):
        x[k] = decay * x[k - 1] + (1 - decay**2) ** 0.5 * RNG.standard_normal()
    return x


X = relaxation()
MONTHS = pd.date_range("1951-01-01", periods=N, freq="MS")


def said(capsys, *arguments) -> str:
    """What the command line says on both streams."""
    main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_members_of_unequal_length_are_inspected(tmp_path, capsys):
    table = pd.DataFrame({"date": MONTHS, "v": X}).drop(index=[100, 200, 201])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    told = said(capsys, "inspect", tmp_path / "gaps.csv", "--gaps", "segments")
    assert "357 states in 3 segments of 99 to 158 of 1 variable" in told


LATITUDES, LONGITUDES = np.arange(-20.0, 21.0, 10.0), np.arange(180.0, 231.0, 10.0)
PATTERN = np.exp(-((LATITUDES[:, None] / 15) ** 2) - ((LONGITUDES[None] - 210) / 20) ** 2)


def seasonal_field(file, missing_times=(), land=True, latitude="lat"):
    """A field of X times a pattern, under a season and a trend that are larger; one grid point is land."""
    season = 5 * np.cos(2 * np.pi * np.arange(N) / 12) + 0.05 * np.arange(N)
    field = X[:, None, None] * PATTERN + 0.05 * RNG.standard_normal((N, 5, 6)) + season[:, None, None] + 20.0
    field[:, 0, 0] = np.nan if land else field[:, 0, 0]
    field[list(missing_times)] = np.nan
    coordinates = {"time": MONTHS, latitude: LATITUDES, "lon": LONGITUDES}
    xr.Dataset({"sst": (("time", latitude, "lon"), field)}, coordinates).to_netcdf(file)


def test_season_and_trend_are_subtracted_before_components(tmp_path):
    seasonal_field(tmp_path / "f.nc")
    path = kgmm.read(tmp_path / "f.nc", reduce="pcs=1", anomalies="monthly", detrend=True)
    assert abs(np.corrcoef(path.values[0, :, 0], X)[0, 1]) > 0.85  # X has a trend and a season by chance
    raw = kgmm.read(tmp_path / "f.nc", reduce="pcs=1")
    assert abs(np.corrcoef(raw.values[0, :, 0], X)[0, 1]) < 0.5
    # As a climatologist does it: anomalies and trend of the field, then its components.
    field = xr.open_dataset(tmp_path / "f.nc")["sst"]
    field = field.groupby("time.month") - field.groupby("time.month").mean()
    columns = (field * np.sqrt(np.cos(np.deg2rad(field["lat"])))).transpose("time", ...).values.reshape(N, -1)
    columns = columns[:, np.isfinite(columns).all(axis=0)]
    at = (MONTHS - MONTHS[0]).days.to_numpy()
    columns = columns - np.outer(at - at.mean(), np.polyfit(at - at.mean(), columns, 1)[0])
    u, s, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    assert abs(np.corrcoef(path.values[0, :, 0], u[:, 0])[0, 1]) > 1 - 1e-9
    assert path.values[0, :, 0].std() == pytest.approx(s[0] / N**0.5)
    # The mean commutes with both, and is restored.
    mean = kgmm.read(tmp_path / "f.nc", reduce="mean", anomalies="monthly")
    plain = kgmm.read(tmp_path / "f.nc", reduce="mean")
    np.testing.assert_allclose(kgmm.restore(mean, mean).values, plain.values)
    # Components stay in units of anomalies.
    np.testing.assert_allclose(kgmm.restore(path, path).values, path.values)


def test_a_missing_time_of_a_field_is_a_gap(tmp_path):
    seasonal_field(tmp_path / "f.nc", missing_times=(50,))
    with pytest.raises(ValueError, match="--gaps interpolate"):
        kgmm.read(tmp_path / "f.nc", reduce="pcs=2")
    for reduce in ("mean", "pcs=2"):
        path = kgmm.read(tmp_path / "f.nc", reduce=reduce, gaps="segments", anomalies="monthly")
        assert path.sizes["member"] == 2 and path.sizes["time"] == N - 51
    assert kgmm.read(tmp_path / "f.nc", reduce="pcs=2", gaps="interpolate").shape == (1, N, 2)


def test_codes_are_taken_out_of_fields(tmp_path):
    seasonal_field(tmp_path / "f.nc")
    xr.open_dataset(tmp_path / "f.nc").fillna(-999.0).to_netcdf(tmp_path / "codes.nc")
    plain, coded = (
        kgmm.read(tmp_path / "f.nc", reduce="mean"),
        kgmm.read(tmp_path / "codes.nc", reduce="mean", missing=[-999.0]),
    )
    np.testing.assert_array_equal(plain.values, coded.values)


def test_what_was_selected_and_reduced_is_said(tmp_path, capsys):
    seasonal_field(tmp_path / "f.nc")
    path = kgmm.read(tmp_path / "f.nc", select={"time": "1955:"}, reduce="pcs=2", anomalies="monthly")
    selected, season, reduced = path.attrs["preparation"].split("; ")
    assert selected == "selected: time 1955:"
    assert season == "monthly means were subtracted from every grid point"
    assert reduced.startswith("the 2 leading principal components (area-weighted, ")
    assert reduced.endswith(
        " % of the variance) of 29 grid points of sst (over lat, lon), 1 with missing values left out"
    )
    seasonal_field(tmp_path / "y.nc", land=False, latitude="y")
    path = kgmm.read(tmp_path / "y.nc", reduce="mean")
    expected = "the mean, not weighted by area because there is no latitude, of 30 grid points of sst (over y, lon)"
    assert path.attrs["preparation"] == expected
    assert f"preparation: {expected}" in said(capsys, "inspect", tmp_path / "y.nc", "--reduce", "mean")


@pytest.mark.parametrize(
    "frequency, options",
    [
        ("MS", {"anomalies": "monthly", "detrend": True}),
        ("MS", {"anomalies": "monthly", "standardise": True, "derivative": True, "lag_embed": 2}),
        ("D", {"anomalies": "daily", "detrend": True}),
        ("D", {"detrend": True, "lag_embed": 12}),
    ],
)
def test_every_segment_is_restored(tmp_path, frequency, options):
    """Four segments, the first so short that twelve lags leave nothing of it."""
    dates = pd.date_range("1951-01-31", periods=1200, freq=frequency)
    season = 10 * np.cos(2 * np.pi * dates.day_of_year / 365.25) + 0.02 * np.arange(1200)
    table = pd.DataFrame({"date": dates, "v": relaxation(1200) + season}).drop(index=[10, 150, 151, 152, 700])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    path = kgmm.read(tmp_path / "gaps.csv", gaps="segments", **options)
    restored = kgmm.restore(path, path)
    assert restored.sizes["member"] in (3, 4)
    known = table.set_index("date")["v"]
    for member in restored:
        values = member[:, 0][np.isfinite(member[:, 0])]
        np.testing.assert_allclose(values, known[values["date"].values].to_numpy(), atol=1e-9)
    # A sample with another number of members begins where the path does.
    other = kgmm.restore(np.zeros((2, 50, path.sizes["variable"])), path)
    assert other["date"].values[0] == restored["date"].values[0, 0]


def test_segments_of_an_array_are_restored(tmp_path):
    x = relaxation(600) + 0.1 * np.arange(600)
    x[[100, 300]] = np.nan
    np.save(tmp_path / "x.npy", x)
    path = kgmm.read(tmp_path / "x.npy", time_step=0.5, gaps="segments", detrend=True)
    restored = kgmm.restore(path, path).values
    np.testing.assert_allclose(restored[np.isfinite(restored)], x[np.isfinite(x)])


def test_stored_segments_are_restored(tmp_path):
    table = pd.DataFrame({"date": MONTHS, "v": X + 5 * np.cos(2 * np.pi * np.arange(N) / 12)}).drop(index=[70, 300])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    series = open_series(tmp_path / "gaps.csv", None, ReadingOptions(gaps="segments", anomalies="monthly"))
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    stored = open_trajectory(tmp_path / "samples.nc")
    assert stored.shape == (1, N, 1) and int(np.isnan(stored).sum()) == 2
    restored = kgmm.restore(stored, stored)[0, :, 0]
    restored = restored[np.isfinite(restored)]
    np.testing.assert_array_equal(restored["date"].values, table["date"])
    np.testing.assert_allclose(restored, table["v"], atol=1e-5)  # single precision
    with pytest.raises(ValueError, match="the sample has 2 segments: the path was made with 3"):
        kgmm.restore(stored[:, :200], stored)


@pytest.mark.parametrize("written", ["", "NA", "nan"])
@pytest.mark.parametrize("dates", ["%Y-%m-%d", "%b %Y", "%Y%m%d"])
def test_the_first_and_the_last_value_may_be_missing(tmp_path, written, dates):
    values = [f"{x:.6f}" for x in X]
    values[0] = values[-1] = written
    lines = [f"{date:{dates}},{value}" for date, value in zip(MONTHS, values)]
    (tmp_path / "x.csv").write_text("\n".join(["date,u", *lines]) + "\n")
    path = kgmm.read(tmp_path / "x.csv", gaps="drop-edges")
    np.testing.assert_allclose(path.values[0, :, 0], X[1:-1], atol=1e-6)
    with pytest.raises(ValueError, match="holds 2 non-finite values, the first in 'u' at time index 0"):
        kgmm.read(tmp_path / "x.csv")


@pytest.mark.parametrize("code, times, how_often", [(-999.0, 1, "once"), (-99.9, 2, "twice"), (9999.0, 1, "once")])
def test_a_lone_code_is_no_heavy_tail(code, times, how_often):
    x = relaxation(600)
    x[100 : 100 + times] = code
    (finding,) = kgmm.diagnose(x[:, None], names=["v"])
    assert finding.said == f"v has the value {code:g} {how_often}, far from all others"
    assert f"--missing {code:g}" in finding.remedy
    # Neither a value that is no usual code, nor a usual one that is not far, stands for missing values.
    x[100 : 100 + times] = 1.01 * code
    assert "missing" not in [one.kind for one in kgmm.diagnose(x[:, None])]
    wide = 4e3 * (relaxation(600) + 2)
    wide[100] = code
    assert "missing" not in [one.kind for one in kgmm.diagnose(wide[:, None])]


def test_a_fill_value_without_an_attribute_is_named(tmp_path):
    x = X.astype("f4")
    x[7] = 1e20
    xr.Dataset({"v": ("time", x)}, {"time": MONTHS}).to_netcdf(tmp_path / "x.nc", encoding={"v": {"_FillValue": None}})
    with pytest.raises(ValueError, match=r"has the value 1e\+20, by which files tell missing values: give --"):
        kgmm.read(tmp_path / "x.nc")
    assert kgmm.read(tmp_path / "x.nc", missing=[1e20], gaps="segments").sizes["member"] == 2


@pytest.mark.parametrize(
    "attributes, encoding",
    [
        ({"valid_range": np.array([-50, 50], "f4")}, {"dtype": "f4"}),
        ({"valid_min": np.float32(-50), "valid_max": np.float32(50)}, {"dtype": "f4"}),
        ({"valid_range": np.array([-5000, 5000], "i2")}, {"dtype": "i2", "scale_factor": 0.01}),
        ({"valid_range": np.array([-50.0, 50.0])}, {"dtype": "i2", "scale_factor": 0.01}),
    ],
)
def test_values_outside_the_valid_range_are_missing(tmp_path, attributes, encoding):
    x = X.copy()
    x[7] = 99.9
    xr.Dataset({"v": ("time", x, attributes)}, {"time": MONTHS}).to_netcdf(tmp_path / "x.nc", encoding={"v": encoding})
    path = kgmm.read(tmp_path / "x.nc", gaps="interpolate")
    np.testing.assert_allclose(np.delete(path.values[0, :, 0], 7), np.delete(X, 7), atol=0.006)
    assert path.values[0, 7, 0] == pytest.approx((X[6] + X[8]) / 2, abs=0.006)


HOURS = pd.date_range("1999-06-01", periods=N, freq="h")
DAYS = pd.date_range("1999-06-01", periods=N, freq="D")
YEARS = [1951 + k for k in range(N // 12)]


def lines_of(times, header: str = "", separator: str = ",") -> str:
    """A table of times and X."""
    return header + "".join(f"{time}{separator}{x:.6f}\n" for time, x in zip(times, X))


def years_of(separator: str = " ", further: str = "") -> list[str]:
    """A row for each year."""
    rows = (separator.join([str(year), *(f"{x:.6f}" for x in row)]) for year, row in zip(YEARS, X.reshape(-1, 12)))
    return [row + further for row in rows]


MONTH = 365.2425 / 12
TABLES = {
    "when": (lines_of(MONTHS.strftime("%Y-%m-%dT00:00:00Z"), "when,v\n"), MONTH),
    "index": (lines_of(MONTHS.date, ",v\n"), MONTH),
    "index of numbers": (lines_of(0.5 * np.arange(N), ",v\n"), 0.5),
    "year month": (lines_of(MONTHS.strftime("%Y %m"), "", " "), MONTH),
    "year month day": (lines_of(DAYS.strftime("%Y %m %d"), "", " "), 1.0),
    "year month day hour": (lines_of(HOURS.strftime("%Y,%m,%d,%H"), "year,month,day,hour,v\n"), 1 / 24),
    "date and time": (lines_of(HOURS.strftime("%Y-%m-%d,%H:%M"), "date,time,v\n"), 1 / 24),
    "psl": ("\n".join(["  1951 1980", *years_of("  "), "  -99.99", " nino34", "  5N-5S 170W-120W"]), MONTH),
    "initials": ("\n".join(["YEAR J F M A M J J A S O N D", *years_of()]), MONTH),
    "numbers": ("\n".join(["YEAR " + " ".join(map(str, range(1, 13))), *years_of()]), MONTH),
    "annual": ("\n".join([f"Year {' '.join(f'{d:%b}' for d in MONTHS[:12])} Annual", *years_of(" ", " ***")]), MONTH),
}


@pytest.mark.parametrize("name", TABLES)
def test_times_of_tables_are_found(tmp_path, name):
    text, step = TABLES[name]
    (tmp_path / "x.txt").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = kgmm.read(tmp_path / "x.txt")
    assert path.shape == (1, N, 1)
    np.testing.assert_allclose(path.values[0, :, 0], X, atol=1e-6)
    assert float(path["time"][0]) == pytest.approx(step)


def test_german_dates_and_numbers(tmp_path):
    rows = "".join(
        f"{day:%d.%m.%Y};{x:.6f}\n".replace(f";{x:.6f}", f";{x:.6f}".replace(".", ",")) for day, x in zip(DAYS, X)
    )
    (tmp_path / "x.csv").write_text("Datum;Wert\n" + rows)
    path = kgmm.read(tmp_path / "x.csv")
    np.testing.assert_allclose(path.values[0, :, 0], X, atol=1e-6)
    assert float(path["time"][0]) == 1.0


def test_one_of_several_columns_of_dates_is_asked_for(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of([f"{day:%Y-%m-%d},{day:%Y-%m-%d}" for day in DAYS], "from,until,v\n"))
    with pytest.raises(ValueError, match=r"columns from, until of .* hold dates: choose one, such as --time from"):
        kgmm.read(tmp_path / "x.csv")
    assert kgmm.read(tmp_path / "x.csv", time="from").shape == (1, N, 1)


def test_months_since_are_calendar_months(tmp_path):
    for name, units, numbers in (
        ("m", "months since 1951-01-01", np.arange(N)),
        ("y", "years since 1951-01-01", np.arange(N) / 12),
    ):
        times = xr.Variable("time", numbers.astype(float), {"units": units})
        xr.Dataset({"v": ("time", X)}, {"time": times}).to_netcdf(tmp_path / f"{name}.nc")
        path = kgmm.read(tmp_path / f"{name}.nc", anomalies="monthly")
        assert float(path["time"][0]) == pytest.approx(MONTH)
        np.testing.assert_array_equal(kgmm.restore(path, path)["date"].values, MONTHS.to_numpy())


@pytest.mark.parametrize("decimals, middle", [(2, 0.0), (3, 0.5), (6, 0.5)])
def test_decimal_years_have_months(tmp_path, decimals, middle):
    times = np.round(1951 + (np.arange(N) + middle) / 12, decimals)
    values = X + 5 * np.cos(2 * np.pi * np.arange(N) / 12)
    pd.DataFrame({"year": times, "v": values}).to_csv(tmp_path / "x.csv", index=False)
    path = kgmm.read(tmp_path / "x.csv", anomalies="monthly")
    means = path.values[0, :, 0].reshape(-1, 12).mean(axis=0)
    np.testing.assert_allclose(means, 0, atol=1e-9)
    np.testing.assert_allclose(kgmm.restore(path, path).values[0, :, 0], values)
    gaps = pd.DataFrame({"year": times, "v": values}).drop(index=[100, 200])
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    path = kgmm.read(tmp_path / "gaps.csv", anomalies="monthly", gaps="segments")
    restored = kgmm.restore(path, path).values
    np.testing.assert_allclose(restored[np.isfinite(restored)], gaps["v"])


@pytest.mark.parametrize(
    "order, remedy",
    [
        (np.r_[np.arange(N), N - 1], "keep one row of each time, or name the column of independent series by --member"),
        (np.random.default_rng(0).permutation(N), "sort the rows by their times"),
        (np.arange(N)[::-1], "they run backwards, sort the rows by their times"),
    ],
)
def test_times_in_disorder_have_a_remedy(tmp_path, order, remedy):
    pd.DataFrame({"date": DAYS[order], "v": X[order]}).to_csv(tmp_path / "x.csv", index=False)
    for options in ({}, {"gaps": "interpolate"}):
        with pytest.raises(ValueError, match=f"not increase from index .*: {remedy}"):
            kgmm.read(tmp_path / "x.csv", **options)


def test_a_series_without_times_names_the_options(tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    sentence = said(capsys, "inspect", tmp_path / "x.npy")
    assert "(--time-step NUMBER), or the name of its times (--time NAME)" in sentence


def test_a_longest_gap_without_interpolation_is_refused(tmp_path, capsys):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    for options in ([], ["--gaps", "segments"]):
        sentence = said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 3, *options)
        assert sentence.startswith(
            "kgmm: max_gap is 3 and nothing is interpolated: give gaps interpolate (--gaps inter"
        )
    assert "states of" in said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 3, "--gaps", "interpolate")
    assert "states of" in said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 2, "--resample", 2)
    with pytest.raises(ValueError, match="max_gap is 5 and nothing is interpolated"):
        kgmm.read(tmp_path / "x.csv", max_gap=5)


def test_standardise_is_said_to_change_nothing_in_a_report(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    files = SimpleNamespace(samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    settings = {"variables": None, **ReadingOptions(standardise=True).model_dump()}
    inputs = SimpleNamespace(data=str(tmp_path / "x.csv"))
    content = content_hash(inputs.data)
    job = SimpleNamespace(settings={"system": settings, "content": content}, inputs=inputs, outputs=files)
    import_dataset(job)
    samples = open_trajectory(files.samples)
    assert samples.attrs["preparation"].endswith("reports are in the units of the file")
    np.testing.assert_allclose(samples.values[0, :, 0], X, atol=1e-5)


def test_a_file_that_is_written_during_a_run_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    files = SimpleNamespace(samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    inputs = SimpleNamespace(data=str(tmp_path / "x.csv"))
    settings = {"system": {"variables": None, **ReadingOptions().model_dump()}, "content": content_hash(inputs.data)}
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,w\n"))
    with pytest.raises(ValueError, match=r"the data file .*x.csv was written after this run had begun: run again"):
        import_dataset(SimpleNamespace(settings=settings, inputs=inputs, outputs=files))


def test_all_mistakes_are_told_at_once(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    with pytest.raises(ValueError, match=r"gaps is 'foo': input should be .*; anomalies is 'montly': input should be "):
        kgmm.read(tmp_path / "x.csv", anomalies="montly", gaps="foo")
    with pytest.raises(TypeError, match=r"no argument 'detrnd': did you mean 'detrend'"):
        kgmm.read(tmp_path / "x.csv", detrnd=True)


def test_inspect_tells_the_span_of_the_times_and_their_unit(tmp_path, capsys):
    (tmp_path / "x.csv").write_text(lines_of(MONTHS.date, "date,v\n"))
    lines = said(capsys, "inspect", tmp_path / "x.csv", "--anomalies", "monthly").splitlines()
    assert "one every 30.4369 days: worth" in lines[0]
    assert lines[1] == "from 1951-01-01 to 1980-12-01"
    lines = said(capsys, "inspect", tmp_path / "x.csv", "--gaps", "segments", "--select", "time=1960:").splitlines()
    assert lines[1] == "from 1960-01-01 to 1980-12-01"
    times = xr.Variable("time", 0.5 * np.arange(N), {"units": "Myr"})
    xr.Dataset({"v": ("time", X)}, {"time": times}).to_netcdf(tmp_path / "x.nc")
    lines = said(capsys, "inspect", tmp_path / "x.nc").splitlines()
    assert "one every 0.5 Myr: worth" in lines[0] and lines[1] == "from 0 to 179.5"
    (tmp_path / "x.csv").write_text(lines_of(np.arange(N), "time,v\n"))
    assert "from 0 to 359, in the unit of the times of the file" in said(capsys, "inspect", tmp_path / "x.csv")
