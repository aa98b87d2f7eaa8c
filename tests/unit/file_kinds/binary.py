"""Parquet, MAT and HDF5."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from tests.unit.file_kinds.kind import DAYS, Kind, N, X, kind


@kind("table.parquet")
def _(folder):
    pytest.importorskip("pyarrow", reason="the package pyarrow is not installed")
    pd.DataFrame({"date": DAYS, "u": X[:, 0], "v": X[:, 1]}).to_parquet(folder / "table.parquet")
    return Kind()


@kind("vectors.mat")
def _(folder):
    savemat(folder / "vectors.mat", {"time": np.arange(N, dtype=float), "u": X[:, 0], "v": X[:, 1], "note": "text"})
    return Kind()


@kind("matrix.mat")
def _(folder):
    savemat(folder / "matrix.mat", {"wind": X.T})
    return Kind(None, 0.5, ["wind_0", "wind_1"], options={"time_step": 0.5})


@kind("tree.h5")
def _(folder):
    h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
    with h5py.File(folder / "tree.h5", "w") as file:
        file["run/u"], file["run/v"] = X[:, 0], X[:, 1]
    return Kind(refused="run/u (120,), run/v (120,): choose by --variables")


@kind("named/tree.h5")
def _(folder):
    h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
    with h5py.File(folder / "tree.h5", "w") as file:
        file["run/u"], file["run/v"] = X[:, 0], X[:, 1]
    names = ["run/u", "run/v"]
    return Kind(None, 1.0, names, options={"time_step": 1.0}, variables=names)
