"""What stands for missing values: numbers in files, masks of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Of stations and tables, of packed integers, and of NetCDF, Ferret, GrADS and climate models.
_USUAL = (
    -99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.0, -9999.9, -9999.99, -99999.0, 99.9, 99.99, 999.0, 999.9,
    999.99, 9999.0, 9999.9, 9999.99, 99999.0, -32768.0, -32767.0, 32767.0, -2147483648.0, -1e34, -1e30, -1e20, 1e20,
    1e30, 1e35, 9.999e20, 9.96920996838687e36, -9.96920996838687e36,
)  # fmt: skip


def is_code(values: np.ndarray, codes: Sequence[float]) -> np.ndarray:
    """Where values are codes, such as -99.9, which are often stored in single precision."""
    return np.logical_or.reduce([np.isclose(values, code, rtol=1e-6, atol=0.0) for code in codes])


def is_usual_code(value: float) -> bool:
    """Whether a number is one of those by which files tell missing values.

    Examples
    --------
    >>> is_usual_code(-999.0), is_usual_code(float(np.float32(1e20))), is_usual_code(-998.0)
    (True, True, False)
    """
    return bool(is_code(np.asarray(value), _USUAL))


def unmasked(values) -> np.ndarray:
    """An array in which what a mask hides is NaN: as it is, NumPy takes the number behind the mask.

    Examples
    --------
    >>> unmasked(np.ma.array([1, -9999], mask=[False, True])).tolist(), unmasked([1, 2]).tolist()
    ([1.0, nan], [1, 2])
    """
    if np.ma.is_masked(values):
        return np.ma.filled(values.astype(float), np.nan)
    return np.asarray(values)
