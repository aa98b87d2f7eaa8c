"""The readers of files that hold a user's time series, by suffix; each format has its module in ``data/formats/``."""

from __future__ import annotations

from kgmm.data.formats.arrays import read_mat, read_npy
from kgmm.data.formats.hdf5 import read_hdf5
from kgmm.data.formats.labelled import read_labelled
from kgmm.data.formats.parquet import read_parquet
from kgmm.data.formats.text import read_text

READERS = {
    ".nc": read_labelled,
    ".nc4": read_labelled,
    ".zarr": read_labelled,
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".dat": read_text,
    ".npy": read_npy,
    ".mat": read_mat,
    ".parquet": read_parquet,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
}
