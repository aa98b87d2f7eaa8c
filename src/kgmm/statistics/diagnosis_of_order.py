"""What the order of states in time tells: some that were not measured but filled in."""

from __future__ import annotations

import numpy as np

from kgmm.statistics.findings import Finding

_MAX_FILLED = 0.05  # share of the states
_LEAST_STATES = 100
_ROUNDING = 3e-7  # of single precision
_MOVES = 100.0  # roundings between states that are not the same
# Least distance of different values, in mean distances of as many: values on a grid are further apart.
_GRID = 0.02


def filled_in(name: str, x: np.ndarray) -> Finding | None:
    """States that repeat the one before, or lie on the line between their neighbours, in a variable that does not jump.

    Parameters
    ----------
    name : str
    x : ndarray of shape (n,)
        In the order of time.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(1000)
    >>> filled_in("x", x) is None
    True
    >>> x[1:-1:2] = 0.5 * (x[:-2:2] + x[2::2])
    >>> filled_in("x", x).said
    '50 % of the states of x lie on the line between their neighbours'
    """
    if len(x) < _LEAST_STATES:
        return None
    rounding = _ROUNDING * float(np.abs(x).max())
    values = np.unique(x)
    if len(values) < 3 or float(np.diff(values).min()) > _GRID * (values[-1] - values[0]) / len(x):
        return None
    repeated = float(np.mean(np.abs(np.diff(x)) == 0))
    moves = np.abs(x[2:] - x[:-2]) > _MOVES * rounding
    straight = float(np.mean((np.abs(x[2:] - 2 * x[1:-1] + x[:-2]) < rounding) & moves))
    share, what = max((repeated, "repeat the one before"), (straight, "lie on the line between their neighbours"))
    if share < _MAX_FILLED:
        return None
    said = f"{100 * share:.2g} % of the states of {name} {what}"
    return Finding("filled", name, said, "leave them out, and let --gaps segments take what lies between the gaps")
