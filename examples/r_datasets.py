"""Reads the data sets of R that come with the Python package ``pydataset``."""

from __future__ import annotations

import tarfile
from importlib.metadata import distribution

import pandas as pd


def read(name: str) -> pd.DataFrame:
    """A table from the package's archive; importing the package would unpack all of it into the home folder."""
    archive = distribution("pydataset").locate_file("pydataset/resources.tar.gz")
    with tarfile.open(archive) as files, files.extractfile(f"resources/rdata/csv/datasets/{name}.csv") as file:
        return pd.read_csv(file, index_col=0)
