"""Writes the monthly sunspot numbers 1749–2013 as ``examples/monthly_sunspots.csv``: an example of a user's own data.

The observations come with the Python package ``pydataset`` (``sunspot.month`` of R's datasets, from WDC-SILSO). Run:

    python examples/monthly_sunspots.py
    snakemake --configfile config/sunspots.yaml

Columns: ``time`` in years; ``number``, the monthly mean; ``activity``, the square root of its running mean over 13
months, which makes the scatter about the same at high and low numbers; ``rate``, its change over 12 months.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from r_datasets import read

_SMOOTHING = 13  # months
_STEP = 12  # months


def read_numbers() -> pd.DataFrame:
    """The table ``time, number``."""
    return read("sunspot.month").rename(columns={"sunspot.month": "number"})


def main() -> None:
    table = read_numbers()
    smooth = table["number"].rolling(_SMOOTHING, center=True).mean()
    table["activity"] = np.sqrt(smooth)
    table["rate"] = table["activity"].shift(-_STEP // 2) - table["activity"].shift(_STEP // 2)
    path = Path(__file__).with_suffix(".csv")
    table.dropna().to_csv(path, index=False)
    print(f"{len(table.dropna())} months in {path}")


if __name__ == "__main__":
    main()
