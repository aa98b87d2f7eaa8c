"""Metrics in files: rows come back, unknown columns are refused."""

import numpy as np
import pytest
import xarray as xr

from kgmm.statistics.metrics import COLUMNS, metric_rows, metric_variables


def test_metrics_come_back_from_a_file(tmp_path):
    rows = [
        {"statistic": "stein_residual", "value": 0.5, "stderr": 0.1},
        {"statistic": "mean", "variable": "x1", "value": 1.0, "data_value": 1.1},
    ]
    xr.Dataset(metric_variables(rows)).to_netcdf(tmp_path / "m.nc")
    with xr.open_dataset(tmp_path / "m.nc") as dataset:
        back = metric_rows(dataset)
    for row, given in zip(back, rows):
        assert set(row) == set(COLUMNS)
        assert {k: v for k, v in row.items() if v == v and v != ""} == given
    assert np.isnan(back[0]["data_value"]) and back[0]["variable"] == ""


def test_unknown_columns_of_a_metric_are_refused():
    with pytest.raises(ValueError, match="unknown columns of a metric: error, valu"):
        metric_variables([{"statistic": "mean", "valu": 1.0, "error": 0.1}])
