"""Transforms of variables whose own density is hard to model: with edges, tails like powers, or without ends.

Each has an inverse, and the derivatives that the score of the variable itself needs. How they are done to a series and
undone: :mod:`kgmm.data.transform_steps`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_NUMBERS = {"log": (0, 1), "asinh": (0, 2), "logit": (2, 2), "reflect": (1, 2), "angle": (1, 2)}
_KNOWN = "log, log:a, logit:a:b, asinh, reflect:a, reflect:a:b and angle:period"


@dataclass(frozen=True)
class Transform:
    """A monotone function ``y = g(x)`` of one variable.

    Attributes
    ----------
    kind : str
        ``"log"``: ``log(x − a)``, for a variable above an edge; ``"logit"``: ``log((x − a)/(b − x))``, for one between
        two; ``"asinh"``: ``asinh((x − m)/w)``, which makes tails like ``|x|^−α`` exponential; ``"reflect"``: ``x − a``
        with a random sign, see :func:`unfolded`, for a density that ends at ``a`` at its full height, best where it is
        flat there; ``"angle"``: ``2π (x − l)/P``, which becomes a point of a ring, see
        :func:`kgmm.data.angles.on_ring`, for a variable that begins anew after a period ``P``; ``"reflect"`` at two
        edges: the angle ``π (x − a)/(b − a)`` with a random sign, a point of a ring too.
    numbers : tuple of float
        ``(a,)``, ``(a, b)`` or ``(m, w)``; ``(P, l)``, the values that are restored being between ``l`` and ``l + P``;
        of a reflection at one edge ``(a, ±∞)``, the side on which values are.

    Examples
    --------
    >>> g = Transform("logit", (0.0, 1.0))
    >>> x = np.array([0.2, 0.5])
    >>> bool(np.allclose(g.inverse(g(x)), x)), g.slope(x).round(3).tolist()
    (True, [6.25, 4.0])
    """

    kind: str
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, text: str, x: np.ndarray, name: str = "x") -> Transform:
        """The transform that a text such as ``"log"``, ``"log:-1"``, ``"logit:0:1"`` or ``"angle:360"`` asks for.

        Parameters
        ----------
        text : str
            Kind, and its numbers after colons. Left out: ``a = 0``; ``m`` is the median and ``w`` half the distance of
            the quartiles; ``l`` is 0 if no value is negative, else ``−P/2``.
        x : ndarray of shape (n,)
            Values of the variable.
        name : str
            The variable, for messages.

        Raises
        ------
        ValueError
            In one sentence, for an unknown kind, unusable numbers, and values at or beyond an edge.
        """
        kind, *numbers = text.split(":")
        if kind not in _NUMBERS:
            raise ValueError(f"transform of {name} is {text!r}: known are {_KNOWN}")
        try:
            numbers = [float(number) for number in numbers]
        except ValueError as error:
            raise ValueError(f"transform of {name} is {text!r}: what follows {kind} must be numbers") from error
        if len(numbers) not in _NUMBERS[kind] or not np.isfinite(numbers).all():
            wanted = " or ".join(str(n) for n in sorted(set(_NUMBERS[kind])))
            raise ValueError(f"transform of {name} is {text!r}: {kind} takes {wanted} numbers after colons")
        if kind == "asinh" and not numbers:
            lower, middle, upper = np.quantile(x, [0.25, 0.5, 0.75])
            numbers = [middle, 0.5 * (upper - lower)]
        if kind == "reflect" and len(numbers) == 1:
            numbers.append(np.inf if x.mean() > numbers[0] else -np.inf)
        if kind == "angle" and len(numbers) == 1:
            numbers.append(0.0 if x.min() >= 0 else -0.5 * numbers[0])
        found = cls(kind, tuple(float(number) for number in numbers or [0.0]))
        found._check(x, text, name)
        return found

    def _check(self, x: np.ndarray, text: str, name: str) -> None:
        low, high = self._range()
        said = f"transform of {name} is {text!r}"
        if self.kind == "asinh" and not self.numbers[1] > 0:
            raise ValueError(f"{said}: the width must be positive, and half the distance of the quartiles is not")
        if self.kind == "angle" and not self.numbers[0] > 0:
            raise ValueError(f"{said}: the period must be positive")
        if not low < high and np.isfinite(high):
            raise ValueError(f"{said}: the first edge must be below the second")
        low, high = min(low, high), max(low, high)
        # An edge at which a variable is reflected can be reached.
        is_inside = (x >= low) & (x <= high) if self.kind == "reflect" else (x > low) & (x < high)
        outside = int((~is_inside).sum())
        if outside:
            raise ValueError(
                f"{said}: {outside} values are not between its edges {low:g} and {high:g}; the smallest is "
                f"{x.min():g}, the largest {x.max():g}"
            )

    def _range(self) -> tuple[float, float]:
        if self.kind in ("asinh", "angle"):
            return -np.inf, np.inf
        return self.numbers[0], np.inf if self.kind == "log" else self.numbers[1]

    @property
    def mirrors(self) -> bool:
        """Whether values take both signs, see :func:`unfolded`; the function gives that of its side."""
        return self.kind == "reflect"

    @property
    def on_ring(self) -> bool:
        """Whether the function gives an angle, which becomes two variables."""
        return self.kind == "angle" or (self.kind == "reflect" and bool(np.isfinite(self.numbers[1])))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``g(x)``; an angle where :attr:`on_ring`."""
        if self.on_ring:
            origin = self.numbers[1] if self.kind == "angle" else self.numbers[0]
            return self.slope(x) * (x - origin)
        if self.kind == "reflect":
            return x - self.numbers[0]
        if self.kind == "log":
            return np.log(x - self.numbers[0])
        if self.kind == "asinh":
            return np.arcsinh((x - self.numbers[0]) / self.numbers[1])
        return np.log((x - self.numbers[0]) / (self.numbers[1] - x))

    def inverse(self, y: np.ndarray) -> np.ndarray:
        """``x`` with ``g(x) = y``, where several ``y`` have one the one in the range of the variable."""
        if self.kind == "angle":
            period, lowest = self.numbers
            # Of a tiny negative angle the remainder is rounded to the period itself.
            return lowest + period * np.fmod(np.mod(y / (2 * np.pi), 1.0), 1.0)
        if self.kind == "log":
            return self.numbers[0] + np.exp(y)
        if self.kind == "asinh":
            return self.numbers[0] + self.numbers[1] * np.sinh(y)
        if self.on_ring:
            low, high = self.numbers
            return low + (high - low) / np.pi * np.abs(np.mod(y + np.pi, 2 * np.pi) - np.pi)
        if self.kind == "reflect":
            return self.numbers[0] + np.sign(self.numbers[1]) * np.abs(y)
        low, high = self.numbers
        return low + (high - low) * 0.5 * (1.0 + np.tanh(0.5 * y))

    def slope(self, x: np.ndarray) -> np.ndarray:
        """``g′(x)``."""
        if self.kind == "log":
            return 1.0 / (x - self.numbers[0])
        if self.kind == "asinh":
            return 1.0 / np.hypot(x - self.numbers[0], self.numbers[1])
        if self.kind == "angle":
            return np.full_like(x, 2 * np.pi / self.numbers[0])
        if self.kind == "reflect":
            low, high = self.numbers
            return np.full_like(x, np.pi / (high - low) if self.on_ring else 1.0)
        low, high = self.numbers
        return (high - low) / ((x - low) * (high - x))

    def log_slope_derivative(self, x: np.ndarray) -> np.ndarray:
        """``(log g′)′(x)``."""
        if self.kind == "log":
            return -1.0 / (x - self.numbers[0])
        if self.kind == "asinh":
            return -(x - self.numbers[0]) / ((x - self.numbers[0]) ** 2 + self.numbers[1] ** 2)
        if self.kind in ("reflect", "angle"):
            return np.zeros_like(x)
        low, high = self.numbers
        return 1.0 / (high - x) - 1.0 / (x - low)


def unfolded(y: np.ndarray, rng: np.random.Generator, width: float = np.inf) -> np.ndarray:
    """Distances from a reflecting edge, in the order of time, with signs: the path whose absolute value they are.

    With a second edge at the distance ``width`` the signs change there as well: on a circle of twice this length the
    path goes on.

    Given two successive distances ``u, v`` of a Brownian motion, the sign changes between them with probability
    ``φ(u + v)/(φ(u − v) + φ(u + v)) = 1/(1 + exp(2uv/q))``, φ the normal density of the variance ``q`` of a step. Here
    ``q`` is the mean square of the steps that begin or end near the edge. The density of the signed path is even and
    goes through the edge without one of its own.

    Parameters
    ----------
    y : ndarray of shape (n_times,)
        Of one sign.
    rng : numpy.random.Generator
    width : float
        Distance of a second edge.

    Examples
    --------
    >>> y = np.abs(np.random.default_rng(0).standard_normal(10_000).cumsum())
    >>> x = unfolded(y, np.random.default_rng(1))
    >>> bool(np.array_equal(np.abs(x), y)), bool((y[1:] + y[:-1])[np.sign(x[1:]) != np.sign(x[:-1])].max() < 10)
    (True, True)
    """
    flips = _crossings(y, rng)
    if np.isfinite(width):
        flips ^= _crossings(width - np.abs(y), rng)
    first = rng.random() < 0.5
    return np.where(np.logical_xor.accumulate(np.concatenate([[first], flips])), -y, y)


def _crossings(distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether a path crossed an edge between successive distances from it."""
    before, after = distance[:-1], distance[1:]
    nearer = np.minimum(np.abs(before), np.abs(after))
    steps = (after - before)[nearer <= np.nanquantile(nearer, 0.25)] if nearer.size else np.empty(0)
    q = max(float(np.nanmean(steps**2)), 1e-300) if steps.size else 1.0
    return rng.random(before.size) < 1.0 / (1.0 + np.exp(np.minimum(2.0 * before * after / q, 700.0)))


def transforms_of(
    wanted: Mapping[str, str], names: Sequence[str], members: Sequence[np.ndarray]
) -> dict[int, Transform]:
    """The transforms of variables, by their numbers.

    Parameters
    ----------
    wanted : mapping of str
        Texts of transforms by names of variables.
    names : sequence of str
        All variables.
    members : sequence of ndarray
        Their values, each ``(n_times, n_features)``.

    Raises
    ------
    ValueError
        For an unknown variable, and as :meth:`Transform.of`.
    """
    found = {}
    for name, text in wanted.items():
        if name not in names:
            raise ValueError(f"transform names {name!r}: the variables are {', '.join(names)}")
        k = list(names).index(name)
        x = np.concatenate([member[:, k] for member in members])
        found[k] = Transform.of(text, x[np.isfinite(x)], name)
    return found
