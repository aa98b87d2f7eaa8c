"""Samples in folds: contiguous blocks, of which the last fold is held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch

N_BLOCKS = 50  # of the data, every tenth of which is held out
N_FOLDS = 6  # the last one holds the held-out samples
_PAIRS_BELOW = 100_000  # samples fewer than this get two antithetic draws of the noise
_SINGLE_UP_TO = 4  # degree up to which products of single precision are exact enough


@dataclass(frozen=True)
class Folded:
    """Samples in standardised coordinates, sorted into folds, and the Gaussian that every family starts from.

    Attributes
    ----------
    x
        ``(n, n_features)``, float64; the last fold is the held-out one.
    edges
        ``(N_FOLDS + 1,)``, first row of each fold.
    precision
        ``(n_features, n_features)``, inverse covariance of all samples.
    """

    x: torch.Tensor
    edges: np.ndarray
    precision: torch.Tensor

    def base(self, x: torch.Tensor) -> torch.Tensor:
        """The Gaussian's score, ``(n, n_features)``."""
        return -x @ self.precision.to(x.dtype)

    def variance_of_gaussian(self) -> float:
        """``E|ŝ − E ŝ|²`` of the score of the Gaussian with the mean and covariance of the data.

        By the jackknife over folds.
        """
        folds = [self.x[a:b] for a, b in pairwise(self.edges)]
        counts, sums = np.diff(self.edges), torch.stack([rows.sum(dim=0) for rows in folds])
        squares = torch.stack([rows.T @ rows for rows in folds])
        deviations = []
        for n, sum_, square in zip(len(self.x) - counts, sums.sum(dim=0) - sums, squares.sum(dim=0) - squares):
            mean = sum_ / n
            inverse = torch.linalg.pinv(square / n - torch.outer(mean, mean), hermitian=True)
            # Of −P (x − m) the parts that are linear and constant in x, whose covariance is the inverse of P.
            deviations.append(torch.cat([inverse, (inverse @ mean)[None]]))
        deviation = torch.stack(deviations) - torch.stack(deviations).mean(dim=0)
        covariance = torch.linalg.pinv(self.precision, hermitian=True)
        linear = torch.einsum("kij,jl,kil->", deviation[:, :-1], covariance, deviation[:, :-1])
        return (1.0 - 1.0 / len(deviation)) * float(linear + deviation[:, -1].square().sum())

    def thinned(self, n_rows: int) -> Folded:
        """About ``n_rows`` rows at equal strides in every fold."""
        every = -(-self.x.shape[0] // n_rows)
        if every == 1:
            return self
        parts = [self.x[a:b:every] for a, b in zip(self.edges[:-1], self.edges[1:])]
        return Folded(torch.cat(parts), np.cumsum([0, *(len(p) for p in parts)]), self.precision)

    def of_degree(self, degree: int) -> Folded:
        """The same in single precision where polynomials of that degree allow it."""
        return replace(self, x=self.x.float()) if degree <= _SINGLE_UP_TO else self

    @property
    def training(self) -> torch.Tensor:
        return self.x[: self.edges[-2]]

    @property
    def held_out(self) -> torch.Tensor:
        return self.x[self.edges[-2] :]


def fold(clean: torch.Tensor, sigma: float, generator: torch.Generator) -> Folded:
    """Sorts the samples into folds of contiguous blocks, the held-out one last, and blurs them.

    Parameters
    ----------
    clean : torch.Tensor
        Samples ``(n, n_features)`` in standardised coordinates.
    sigma : float
        Noise amplitude; with fewer than 100 000 samples each gets an antithetic pair of draws.
    generator : torch.Generator
        Draws the noise.

    Returns
    -------
    Folded
        The folds.

    Examples
    --------
    >>> import torch
    >>> data = fold(torch.randn(1000, 2), 0.0, torch.Generator())
    >>> len(data.training), len(data.held_out)
    (900, 100)
    """
    n = clean.shape[0]
    blocks = [clean[a:b] for a, b in pairwise(np.linspace(0, n, min(N_BLOCKS, n // 2) + 1).astype(int))]
    training = torch.cat([block for k, block in enumerate(blocks) if k % 10 != 5])
    inner = np.linspace(0, len(training), N_FOLDS).astype(int)
    folds = [training[a:b] for a, b in pairwise(inner)] + [torch.cat(blocks[5::10])]
    if sigma > 0:
        folds = [_blurred(rows, sigma, n < _PAIRS_BELOW, generator) for rows in folds]
    x = torch.cat(folds).double()
    values, vectors = torch.linalg.eigh(x.T @ x / len(x))
    values = values.clamp(min=max(1e-6, sigma**2))
    return Folded(x, np.cumsum([0, *(len(rows) for rows in folds)]), (vectors / values) @ vectors.T)


def _blurred(x: torch.Tensor, sigma: float, pairs: bool, generator: torch.Generator) -> torch.Tensor:
    z = torch.empty_like(x).normal_(generator=generator)
    return torch.stack([x + sigma * z, x - sigma * z], dim=1).reshape(-1, x.shape[1]) if pairs else x + sigma * z
