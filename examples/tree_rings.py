"""Writes normalised widths of tree rings, 6000 BC to 1979, as ``examples/tree_rings.csv``: a palaeoclimate record.

Bristlecone pines at Methuselah Walk, California, recorded by D. A. Graybill (``treering`` of R's datasets). Run:

    python examples/tree_rings.py
    kgmm model examples/tree_rings.csv

Columns: ``year``, ``width`` relative to that expected at the tree's age.
"""

from __future__ import annotations

from pathlib import Path

from r_datasets import read


def main() -> None:
    table = read("treering").rename(columns={"time": "year", "treering": "width"})
    path = Path(__file__).with_suffix(".csv")
    table.to_csv(path, index=False)
    print(f"{len(table)} years in {path}")


if __name__ == "__main__":
    main()
