"""Odd tables of times: dates in several columns, a row for each year, decimal years, disorder."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm
from tests.unit.monthly_series import DAYS, MONTH, MONTHS, N, X, lines_of

HOURS = pd.date_range("1999-06-01", periods=N, freq="h")
YEARS = [1951 + k for k in range(N // 12)]


def years_of(separator: str = " ", further: str = "") -> list[str]:
    """A row for each year."""
    rows = (separator.join([str(year), *(f"{x:.6f}" for x in row)]) for year, row in zip(YEARS, X.reshape(-1, 12)))
    return [row + further for row in rows]


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
