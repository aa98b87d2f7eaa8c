"""Reads a user's time series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from kgmm.data.datasets import read_dataset
from kgmm.data.paths import as_path


def read(path: str | Path, variables: Sequence[str] | None = None, **options) -> xr.DataArray:
    """Reads a time series from a file.

    Parameters
    ----------
    path : str or Path
        ``.nc`` or ``.nc4``, ``.zarr``, ``.csv`` with a header, or ``.npy``.
    variables : sequence of str, optional
        Names of variables or columns; all by default.
    **options
        The fields of :class:`kgmm.data.options.ReadingOptions`: ``time_step``, ``time``, ``member``.

    Returns
    -------
    xarray.DataArray
        The series, dimensions ``(member, time, variable)``, float64.

    Raises
    ------
    ValueError
        In one sentence, for a file that cannot be read or used.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, kgmm
    >>> file = pathlib.Path(tempfile.mkdtemp(), "series.npy")
    >>> np.save(file, np.random.default_rng(0).normal(size=(500, 2)))
    >>> kgmm.read(file, time_step=0.1).shape
    (1, 500, 2)
    """
    return as_path(read_dataset(path, variables, **options))
