"""The data of the report's explorer."""

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.report.explorer import explorer_entries
from kgmm.results import ExperimentResult, Section

METRICS = pd.DataFrame(
    {
        "block": ["a", "a"], "sigma": [0.1, 0.2], "min_probability": 0.01, "n_samples": np.nan, "replicate": 2,
        "method": "kgmm", "mobility": np.nan, "statistic": "score_error", "variable": np.nan, "value": [0.1, 0.2],
        "stderr": np.nan, "status": "ok",
    }
)  # fmt: skip
SECTIONS = [Section("a", "A system", "test")]


def row(path, sigma=0.1, replicate=2, method="kgmm"):
    return ExperimentResult("a", "test", method, sigma, min_probability=0.01, replicate=replicate, evaluation=str(path))


def test_scores_along_a_line(tmp_path):
    x = np.linspace(-1, 1, 5)
    values = {"x": x, "exact": -x, "smoothed": -0.9 * x, "score_kgmm": -x + 0.01234567}
    values["score_kgmm"][2] = np.nan
    xr.Dataset({name: ("point", value) for name, value in values.items()}).to_netcdf(tmp_path / "e.nc")
    rows = [row(tmp_path / "e.nc"), row(tmp_path / "e.nc", replicate=3), row(tmp_path / "e.nc", method="gmm")]
    (entry,) = explorer_entries(SECTIONS, rows, METRICS)
    assert (entry["title"], entry["setting"]) == ("A system", "0.1")
    assert [line["label"] for line in entry["profile"]["lines"]] == ["exact", "KGMM network", "exact, smoothed"]
    kgmm = entry["profile"]["lines"][1]["y"]
    assert kgmm[2] is None and kgmm[0] == 1.012  # four digits, and no NaN, which JSON does not know


def test_scores_on_a_grid_leave_gaps_where_there_are_no_data(tmp_path):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    field = np.array([[1.0, -1.0], [2.0, -2.0], [3.0, -3.0]])
    dims = ("grid", "variable")
    xr.Dataset({"field_point": (dims, points), "field_kgmm": (dims, field)}).to_netcdf(tmp_path / "e.nc")
    (entry,) = explorer_entries(SECTIONS, [row(tmp_path / "e.nc", sigma=0.2)], METRICS)
    assert entry["field"]["x"] == [0.0, 1.0] and entry["field"]["y"] == [0.0, 2.0]
    # One row for each y.
    assert entry["field"]["components"]["KGMM network"] == [
        [[1.0, 2.0], [None, 3.0]], [[-1.0, -2.0], [None, -3.0]],
    ]  # fmt: skip


def test_a_system_of_more_variables_without_a_model_has_nothing_to_explore(tmp_path):
    xr.Dataset({"other": 1.0}).to_netcdf(tmp_path / "e.nc")
    assert explorer_entries(SECTIONS, [row(tmp_path / "e.nc")], METRICS) == []
