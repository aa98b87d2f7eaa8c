"""Missing values in files: at the ends, as codes, by fill values and valid ranges."""

import numpy as np
import pytest
import xarray as xr

import kgmm
from tests.unit.monthly_series import MONTHS, X, relaxation


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
