"""Reads HDF5 files that are no NetCDF, such as MATLAB's since 7.3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kgmm.data.formats.arrays import contents_of_arrays
from kgmm.data.formats.contents import Contents
from kgmm.data.options import ReadingOptions


def read_hdf5(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of an HDF5 file: the data sets that are named, by their paths in it.

    Raises
    ------
    ValueError
        With the tree of the file, if none are named.
    """
    try:
        import h5py
    except ImportError:
        raise ValueError(
            f"{path} is an HDF5 file: install the package h5py (pip install kgmm[files]) to read it"
        ) from None
    with h5py.File(path, "r") as file:
        sets: dict[str, tuple] = {}
        file.visititems(lambda name, item: sets.update({name: item.shape}) if isinstance(item, h5py.Dataset) else None)
        if variables is None and len(sets) != 1:
            tree = ", ".join(f"{name} {shape}" for name, shape in sets.items()) or "nothing"
            raise ValueError(f"{path} is an HDF5 file that holds {tree}: choose by --variables")
        wanted = [*(sets if variables is None else variables), options.time]
        arrays = {name: file[name][()] for name in wanted if name in sets}
        missing = [name for name in wanted[:-1] if name not in sets]
        if missing:
            raise ValueError(f"{path} has no data set {missing[0]!r}: it holds {', '.join(sets)}")
    return contents_of_arrays(arrays, path, variables, options)
