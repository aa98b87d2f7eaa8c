"""Writes winter means of the sea surface temperature of the Pacific as ``examples/pacific_sst.nc``: a field.

Anomalies of fifty winters (November to March) on 18 latitudes and 30 longitudes, the example of the Python package
eofs. Run:

    python examples/pacific_sst.py
    kgmm inspect examples/pacific_sst.nc --reduce pcs=2
"""

from __future__ import annotations

import shutil
from pathlib import Path

from eofs.examples import example_data_path


def main() -> None:
    path = Path(__file__).with_suffix(".nc")
    shutil.copyfile(example_data_path("sst_ndjfm_anom.nc"), path)
    print(path)


if __name__ == "__main__":
    main()
