"""The step of a preparation that transforms variables: done to a series, undone, done to single states, its chain rule.

A variable that becomes an angle takes two columns: its own, and one after those of all variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kgmm.data.angles import angle_of, on_ring
from kgmm.data.transforms import Transform, unfolded


def names_after(functions: Mapping[int, Transform], names: Sequence[str]) -> tuple[str, ...]:
    """Names of the variables after a step; ``ValueError`` if two would have one name.

    Examples
    --------
    >>> names_after({0: Transform("angle", (360.0, 0.0))}, ["wind", "rain"])
    ('wind_cos', 'rain', 'wind_sin')
    """
    ring = _on_ring(functions)
    found = [f"{name}_cos" if k in ring else name for k, name in enumerate(names)] + [f"{names[k]}_sin" for k in ring]
    for k in ring:
        for name in (f"{names[k]}_cos", f"{names[k]}_sin"):
            if found.count(name) > 1:
                raise ValueError(f"transform of {names[k]}: there is a variable {name} already")
    return tuple(found)


def transformed(
    functions: Mapping[int, Transform], members: Sequence[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Members ``(n_times, n_features)`` after a step, with signs and radii drawn."""
    members = [member.astype(float) for member in members]
    for k, function in functions.items():
        values = [function(member[:, k]) for member in members]
        if function.mirrors:
            values = [unfolded(value, rng, np.pi if function.on_ring else np.inf) for value in values]
        if function.on_ring:
            points = on_ring(values, rng)
            members = [np.column_stack([member, point[:, 1]]) for member, point in zip(members, points)]
            values = [point[:, 0] for point in points]
        for member, value in zip(members, values):
            member[:, k] = value
    return members


def recorded(step: Mapping) -> dict[int, Transform]:
    """The transforms of a step of the record of a preparation."""
    return {int(k): Transform(kind, tuple(numbers)) for k, kind, numbers in step["transforms"]}


def undone(step: Mapping, values: np.ndarray) -> np.ndarray:
    """States before a step, ``(..., n_variables)``, from those after it."""
    functions, values = recorded(step), values.copy()
    ring = _on_ring(functions)
    n_variables = values.shape[-1] - len(ring)
    for k, function in functions.items():
        y = values[..., k]
        values[..., k] = function.inverse(
            angle_of(y, values[..., n_variables + ring.index(k)]) if function.on_ring else y
        )
    return values[..., :n_variables]


def redone(step: Mapping, values: np.ndarray) -> np.ndarray:
    """States after a step, on the side of an edge where the values are, and on a ring at the radius one."""
    functions, values = recorded(step), values.astype(float)  # a copy
    sines = []
    for k, function in functions.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            y = function(values[..., k])
        values[..., k] = np.cos(y) if function.on_ring else y
        sines += [np.sin(y)[..., None]] * function.on_ring
    return np.concatenate([values, *sines], axis=-1)


def pulled_back(step: Mapping, x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """States ``(n, n_variables)`` after a step, and the function that turns a score there into one before it.

    With ``y = g(x)`` for every variable ``p(x) = q(g(x)) |g′(x)|``, so that
    ``∂ log p/∂x = g′(x) ∂ log q/∂y + (log g′)′(x)``. On a ring ``∂/∂y`` is the derivative along the circle of radius
    one: the density of the plane is that of the angle times a function of the radius.
    """
    functions, y = recorded(step), redone(step, x)
    ring, n_variables = _on_ring(functions), x.shape[1]

    def back(score: np.ndarray) -> np.ndarray:
        found = score[:, :n_variables].copy()
        for k, function in functions.items():
            if function.on_ring:
                sine = n_variables + ring.index(k)
                found[:, k] = y[:, k] * score[:, sine] - y[:, sine] * score[:, k]
            found[:, k] *= function.slope(x[:, k])
            found[:, k] += function.log_slope_derivative(x[:, k])
        return found

    return y, back


def _on_ring(functions: Mapping[int, Transform]) -> list[int]:
    """Variables that take a second column, in the order of these columns."""
    return [k for k, function in functions.items() if function.on_ring]
