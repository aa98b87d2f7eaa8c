"""Observables whose response is estimated: moments of every variable, functions of the state, marginal densities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kgmm.statistics.histograms import histogram_edges

MOMENTS = {"mean": 1, "variance": 2, "third_moment": 3}
DENSITY = "density"
_DENSITY_BINS = 40
# Length of the step of directional derivatives, in standard deviations of the fastest changing variable.
_DIFFERENCE = 1e-3

Observable = str | Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Group:
    """Observables of one kind.

    Attributes
    ----------
    prefix : str
        Of the names of their results.
    dims : tuple of str
        Dimensions of their results besides the lag.
    shape : tuple of int
        Lengths of these.
    coords : dict
        Coordinates of the results.
    functions : tuple of callable
        Each observable, ``(n, n_features) -> (n,)``, in the order of ``shape``.
    derivatives : tuple of callable or None
        ``u·∇a`` of each, ``(states, u) -> (n,)``; ``None`` where it does not exist.
    """

    prefix: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    coords: dict
    functions: tuple[Callable, ...]
    derivatives: tuple[Callable, ...] | None

    def columns(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """The observables at states ``(n, n_features)``, one after the other."""
        for function in self.functions:
            yield np.asarray(function(x), dtype=float)


def groups_of(observables: Sequence[Observable], x: np.ndarray, variables: Sequence[str]) -> list[Group]:
    """The observables by kind.

    Parameters
    ----------
    observables : sequence
        Names (``mean``, ``variance``, ``third_moment``, ``density``) and functions ``(n, n_features) -> (n,)``.
    x : ndarray of shape (n, n_features)
        States from which the centres of moments and the bins of densities are taken.
    variables : sequence of str
        Names of the variables.

    Raises
    ------
    ValueError
        For an unknown or repeated name, and a function of another shape or without a name.
    """
    if isinstance(observables, str) or callable(observables):
        observables = (observables,)
    names = [_name(observable) for observable in observables]
    if not names:
        raise ValueError("observables is empty: at least one is needed")
    if len(set(names)) < len(names):
        raise ValueError(f"observables holds {max(names, key=names.count)!r} more than once")
    moments = [name for name, observable in zip(names, observables) if name in MOMENTS and not callable(observable)]
    functions = {name: observable for name, observable in zip(names, observables) if callable(observable)}
    groups = []
    if moments:
        groups.append(_moments(moments, x, variables))
    if functions:
        groups.append(_functions(functions, x))
    if DENSITY in names and DENSITY not in functions:
        groups.append(_densities(x, variables))
    return groups


def _name(observable: Observable) -> str:
    if callable(observable):
        name = getattr(observable, "__name__", None)
        if name is None or name == "<lambda>":
            raise ValueError("observables holds a function without a name: define it with def")
        return name
    known = (*MOMENTS, DENSITY)
    if observable not in known:
        raise ValueError(f"observables holds {observable!r}: known are {', '.join(known)}, and functions of the state")
    return observable


def _moments(names: list[str], x: np.ndarray, variables: Sequence[str]) -> Group:
    centre = x.mean(axis=0)

    def moment(k: int, order: int) -> Callable:
        return lambda y: (y[:, k] - centre[k]) ** order

    def derivative(k: int, order: int) -> Callable:
        return lambda y, u: order * (y[:, k] - centre[k]) ** (order - 1) * u[:, k]

    entries = [(k, MOMENTS[name]) for name in names for k in range(len(centre))]
    return Group(
        "", ("observable", "variable"), (len(names), len(centre)),
        {"observable": names, "variable": list(variables)},
        tuple(moment(*entry) for entry in entries), tuple(derivative(*entry) for entry in entries),
    )  # fmt: skip


def _functions(functions: dict[str, Callable], x: np.ndarray) -> Group:
    for name, function in functions.items():
        shape = np.shape(function(x[:10]))
        if shape != (len(x[:10]),):
            raise ValueError(f"observable {name} gives {shape} at 10 states: (10,) is expected")

    def derivative(function: Callable) -> Callable:
        def along(y, u):
            # Central differences along u: exact for functions of second degree.
            step = _DIFFERENCE * y.std(axis=0).min() / max(float(np.abs(u).max()), 1e-300)
            return (function(y + step * u) - function(y - step * u)) / (2 * step)

        return along

    return Group(
        "function_", ("function",), (len(functions),), {"function": list(functions)},
        tuple(functions.values()), tuple(derivative(function) for function in functions.values()),
    )  # fmt: skip


def _densities(x: np.ndarray, variables: Sequence[str]) -> Group:
    edges = np.array([histogram_edges(column, _DENSITY_BINS)[1:-1] for column in x.T])
    widths = np.diff(edges, axis=1)

    def indicator(k: int, low: float, high: float) -> Callable:
        return lambda y: ((y[:, k] >= low) & (y[:, k] < high)) / (high - low)

    functions = [indicator(k, *pair) for k, row in enumerate(edges) for pair in pairwise(row)]
    density = np.array([np.histogram(column, row)[0] for column, row in zip(x.T, edges)]) / (len(x) * widths)
    coords = {
        "variable": list(variables),
        "bin_centre": (("variable", "bin"), 0.5 * (edges[:, 1:] + edges[:, :-1])),
        "bin_width": (("variable", "bin"), widths),
        "density": (("variable", "bin"), density),
    }
    return Group("density_", ("variable", "bin"), widths.shape, coords, tuple(functions), None)
