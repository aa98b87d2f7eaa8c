"""Reads a user's time series."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from pathlib import Path

import xarray as xr

from kgmm.data.datasets import read_dataset
from kgmm.data.options import ReadingOptions
from kgmm.data.paths import as_path


def _naming_mistakes(function):
    """A function that tells which argument was meant by an unknown one."""
    known = list(signature(function).parameters)

    @wraps(function)
    def called(*arguments, **options):
        for name in options:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
                raise TypeError(f"kgmm.{function.__name__} has no argument {name!r}: {hint}")
        return function(*arguments, **options)

    return called


@_naming_mistakes
def read(
    path: str | Path,
    variables: Sequence[str] | None = None,
    *,
    time_step: float | None = None,
    time: str = "time",
    member: str = "member",
    missing: Sequence[float] = (),
    group: str | None = None,
    select: dict[str, str] | None = None,
    reduce: str | None = None,
    gaps: str | None = None,
    max_gap: int = 3,
    resample: float | None = None,
    jitter: float | None = None,
    transform: dict[str, str] | None = None,
    anomalies: str | None = None,
    detrend: bool = False,
    standardise: bool = False,
    derivative: bool = False,
    lag_embed: int | None = None,
) -> xr.DataArray:
    """Reads a time series from a file.

    Parameters
    ----------
    path : str or Path
        NetCDF, Zarr, text in columns, NPY, MATLAB, Parquet or HDF5, by its suffix; see ``docs/reading.md``.
    variables : sequence of str, optional
        Names of variables or columns; by default all that hold numbers.
    time_step : float, optional
        Time between states; by default from the time coordinate, dates in days.
    time, member : str
        Names of the time coordinate (or column) and of the dimension (or column) of members.
    missing : sequence of float
        Numbers that stand for missing values.
    group : str, optional
        Group of a NetCDF file.
    select : dict of str, optional
        Part of the times and of a field by its coordinates, ``{"time": "1950:1979", "lat": "-5:5"}``.
    reduce : str, optional
        Of a field ``"mean"``, weighted by area, or ``"pcs=3"``, its leading principal components, before which
        ``anomalies`` and ``detrend`` act on every grid point.
    gaps : str, optional
        ``"drop-edges"``, ``"interpolate"`` (over at most ``max_gap`` steps) or ``"segments"``, which become members.
    max_gap : int
        Longest gap that is interpolated, in steps.
    resample : float, optional
        New time step.
    jitter : float, optional
        Adds uniform noise of this width: for rounded values, their resolution.
    transform : dict of str, optional
        Transforms of variables with edges or heavy tails, ``{"rain": "log", "cover": "logit:0:1", "price": "asinh"}``,
        ``"reflect:0"`` for a density that ends at 0 at its full height, or ``"angle:360"``, which makes two variables:
        :class:`kgmm.data.transforms.Transform`; :func:`kgmm.restore` and :func:`kgmm.physical_score` undo them.
    anomalies : str, optional
        ``"monthly"`` or ``"daily"``: subtracts the mean of each month or day of the year.
    detrend, standardise, derivative : bool
        Subtracts the linear trend; gives mean zero and deviation one; adds time derivatives as variables.
    lag_embed : int, optional
        Makes one state of so many successive ones.

    Returns
    -------
    xarray.DataArray
        The series, dimensions ``(member, time, variable)``, float64; ``attrs["preparation"]`` says what was done to it.

    Raises
    ------
    ValueError
        In one sentence, for a file that cannot be read or used.
    TypeError
        For an unknown argument, with the one that was meant.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, kgmm
    >>> file = pathlib.Path(tempfile.mkdtemp(), "series.npy")
    >>> np.save(file, np.random.default_rng(0).normal(size=(500, 2)))
    >>> kgmm.read(file, time_step=0.1).shape
    (1, 500, 2)
    """
    given = locals()
    options = {name: given[name] for name in ReadingOptions.model_fields}
    return as_path(read_dataset(path, variables, **options))
