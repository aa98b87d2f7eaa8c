"""Reads files of arrays without times: NPY, MATLAB's MAT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgmm.data.formats.contents import Contents, contents_of_array, is_real
from kgmm.data.formats.mat_arrays import mat_arrays
from kgmm.data.options import ReadingOptions
from kgmm.errors import first_line

# MATLAB since 7.3 writes HDF5, after a header of its own.
_HDF5, _HDF5_OFFSET = b"\x89HDF\r\n\x1a\n", 512
_SHAPES = "numbers of shape (time,), (time, variable) or (member, time, variable) are expected"


def read_npy(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of an NPY file, read in pieces; the names given are taken, ``x1, x2, …`` by default."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"the data file {path} cannot be read as NPY: {first_line(error)}") from error
    if not isinstance(values, np.ndarray):
        raise ValueError(f"the data file {path} cannot be read as NPY: it is an archive of several arrays")
    if not 1 <= values.ndim <= 3 or not is_real(values.dtype):
        raise ValueError(f"{path} holds {values.dtype} of shape {values.shape}: {_SHAPES}")
    values = values[None, :, None] if values.ndim == 1 else values[None] if values.ndim == 2 else values
    names = [f"x{k + 1}" for k in range(values.shape[2])] if variables is None else list(variables)
    if len(names) != values.shape[2]:
        raise ValueError(f"variables names {len(names)} columns: {path} has {values.shape[2]}")
    return contents_of_array(values, names)


def read_mat(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of a MATLAB file: vectors and matrices with a row for each time, as many rows as the longest."""
    with open(path, "rb") as file:
        start = file.read(_HDF5_OFFSET + len(_HDF5))
    if start.startswith(_HDF5) or start[_HDF5_OFFSET:] == _HDF5:
        from kgmm.data.formats.hdf5 import read_hdf5

        return read_hdf5(path, variables, options)
    return contents_of_arrays(mat_arrays(path), path, variables, options)


def contents_of_arrays(
    arrays: dict[str, np.ndarray], path: Path, variables: Sequence[str] | None, options: ReadingOptions
) -> Contents:
    """Contents of named arrays; one that is called like the time coordinate holds the times.

    Raises
    ------
    ValueError
        In one sentence, if no array holds numbers, or the chosen ones differ in length.
    """
    vectors = {name: _columns(values) for name, values in arrays.items() if is_real(values.dtype)}
    vectors = {name: values for name, values in vectors.items() if values is not None}
    tree = ", ".join(f"{name} {values.shape}" for name, values in arrays.items()) or "nothing"
    times = vectors.pop(options.time, None)
    if variables is None:
        longest = max((len(values) for values in vectors.values()), default=0)
        variables = [name for name, values in vectors.items() if len(values) == longest > 1]
    if not variables:
        raise ValueError(f"{path} holds no array of numbers along a time: it holds {tree}")
    for name in variables:
        if name not in vectors:
            raise ValueError(f"{path} has no array of numbers {name!r}: it holds {tree}")
    lengths = {len(vectors[name]) for name in variables}
    if len(lengths) > 1:
        raise ValueError(f"the arrays {', '.join(variables)} of {path} differ in length: {sorted(lengths)}")
    names = [
        column
        for name in variables
        for column in (
            [name] if vectors[name].shape[1] == 1 else [f"{name}_{k}" for k in range(vectors[name].shape[1])]
        )
    ]
    values = np.concatenate([vectors[name] for name in variables], axis=1).astype(float)
    known = times is not None and times.shape == (len(values), 1) and options.time_step is None
    return contents_of_array(values[None], names, [times[:, 0].astype(float)] if known else [])


def _columns(values: np.ndarray) -> np.ndarray | None:
    """A vector or matrix as ``(n_times, n_columns)``, the longer side as time; ``None`` for other shapes."""
    values = np.squeeze(values)
    if values.ndim == 1:
        return values[:, None]
    if values.ndim != 2 or 0 in values.shape:
        return None
    return values if values.shape[0] >= values.shape[1] else values.T
