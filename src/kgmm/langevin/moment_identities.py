"""Weights of a perturbation that satisfy the identities of moments which those of the exact score do.

For the exact score and any function ``φ`` of the state, ``E[φ B] = E[u·∇φ]`` with ``B = −(∇·u + u·s)`` (integration by
parts). An estimate of ``s`` violates it, most of all where the law is thin: the score of samples blurred by ``σ`` is
that of another law. The weight nearest to ``B``, in mean square over the data, that satisfies the identity for all
polynomials ``φ`` of some degree is ``B + Σ_m c_m φ_m`` with ``E[φ φᵀ] c = E[u·∇φ] − E[φ B]``. The exact weight
satisfies it too: an orthogonal projection can only bring an estimate nearer to it, up to the noise of the averages.
From ``B = 0`` and degree one it makes the quasi-Gaussian weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from scipy.linalg import pinvh

_CHUNK = 1 << 16
# Of the matrix of second moments: directions below this share of the largest have no data.
_RANK_TOLERANCE = 1e-10
_MAX_TERMS = 500
_STATES_PER_TERM = 100


class HermitePolynomials:
    """Products of Hermite polynomials of standardised variables up to a total degree.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        Of the states.
    degree : int

    Examples
    --------
    >>> basis = HermitePolynomials(np.zeros(1), np.ones(1), 2)
    >>> basis(np.array([[0.0], [2.0]])).tolist()
    [[1.0, 1.0], [0.0, 2.0], [-1.0, 3.0]]
    """

    def __init__(self, mean: np.ndarray, scale: np.ndarray, degree: int):
        self._mean, self._scale, self._degree = mean, scale, degree
        d = len(mean)
        self.orders = np.array(
            [
                np.bincount(np.array(chosen, dtype=int), minlength=d)
                for total in range(degree + 1)
                for chosen in combinations_with_replacement(range(d), total)
            ]
        )

    @cached_property
    def _index(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): m for m, row in enumerate(self.orders)}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values at states ``(n, n_features)``, ``(n_terms, n)``."""
        z = ((x - self._mean) / self._scale).T
        table = [np.ones_like(z), z]
        for order in range(1, self._degree):
            table.append(z * table[order] - order * table[order - 1])
        values = np.ones((len(self.orders), len(x)))
        for m, row in enumerate(self.orders):
            for k in np.flatnonzero(row):
                values[m] *= table[row[k]][k]
        return values

    def along(self, values: np.ndarray, u: np.ndarray) -> np.ndarray:
        """``u·∇φ_m`` for vectors ``(n, n_features)``, from the values ``(n_terms, n)``."""
        derivative = np.zeros_like(values)
        for m, row in enumerate(self.orders):
            for k in np.flatnonzero(row):
                lower = row.copy()
                lower[k] -= 1
                derivative[m] += (row[k] / self._scale[k]) * u[:, k] * values[self._index[tuple(lower)]]
        return derivative


def possible_degree(degree: int, n_features: int, n_states: int) -> int:
    """The largest degree up to ``degree`` whose polynomials are at most 500, and one for every hundred states.

    Examples
    --------
    >>> possible_degree(4, 3, 10**6), possible_degree(4, 16, 10**6)
    (4, 2)
    """
    allowed = min(_MAX_TERMS, n_states // _STATES_PER_TERM)
    return max((k for k in range(degree + 1) if comb(n_features + k, k) <= allowed), default=0)


class Correction:
    """The correction of weights by the identities up to a degree.

    Parameters
    ----------
    states, u : sequence of ndarray, each of shape (n, n_features)
        States and the perturbation at them; of a path, and of its images under the symmetries of its law.
    weights : sequence of ndarray, each of shape (n,)
        ``B`` at these states.
    degree : int
        See :func:`possible_degree`.

    Attributes
    ----------
    weights : list of ndarray
        The corrected weights, one array for each of those given.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(2.0, 3.0, (1000, 1))
    >>> (weight,) = Correction([x], [np.ones_like(x)], [np.zeros(1000)], 1).weights
    >>> bool(np.allclose(weight, (x[:, 0] - x.mean()) / x.var()))
    True
    """

    def __init__(
        self, states: Sequence[np.ndarray], u: Sequence[np.ndarray], weights: Sequence[np.ndarray], degree: int
    ):
        # Any centre and scale span the same polynomials.
        self._basis = HermitePolynomials(states[0].mean(axis=0), states[0].std(axis=0), degree)
        gram = 0.0
        for x in states:
            for part in _parts(len(x)):
                values = self._basis(x[part])
                gram = gram + values @ values.T
        self._inverse = pinvh(gram / sum(map(len, states)), rtol=_RANK_TOLERANCE)
        missing = np.mean([self.deviations(*each) for each in zip(states, u, weights)], axis=0)
        self._coefficients = self._inverse @ missing
        self.weights = [
            weight + np.concatenate([self._coefficients @ self._basis(x[part]) for part in _parts(len(x))])
            for x, weight in zip(states, weights)
        ]

    def deviations(self, x: np.ndarray, u: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """``E[u·∇φ_m] − E[φ_m B]`` over some states, ``(n_terms,)``."""
        total = 0.0
        for part in _parts(len(x)):
            values = self._basis(x[part])
            total = total + self._basis.along(values, u[part]).sum(axis=1) - values @ weight[part]
        return total / len(x)

    def regression(self, x: np.ndarray, later: np.ndarray) -> np.ndarray:
        """Coefficients ``(n_terms, n_lags)`` of observables later, ``(n, n_lags)``, in the polynomials of ``x``."""
        return self._inverse @ (self._basis(x) @ later) / len(x)


def further_functions(
    x: np.ndarray, u: np.ndarray, mean: np.ndarray, scale: np.ndarray, degree: int
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """The next two Hermite polynomials of every variable, of which no identity was made.

    Parameters
    ----------
    x, u : ndarray of shape (n, n_features)
    mean, scale : ndarray of shape (n_features,)
    degree : int
        That of :class:`Correction`.

    Yields
    ------
    int, int, ndarray, ndarray
        Degree, variable, ``φ`` and ``u·∇φ``, both ``(n,)``.
    """
    for k in range(x.shape[1]):
        own = slice(k, k + 1)
        basis = HermitePolynomials(mean[own], scale[own], degree + 2)
        values = basis(x[:, own])
        derivatives = basis.along(values, u[:, own])
        for order in (degree + 1, degree + 2):
            yield order, k, values[order], derivatives[order]


def _parts(n: int) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, n, _CHUNK)]
