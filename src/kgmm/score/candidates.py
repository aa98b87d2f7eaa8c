"""The families among which :func:`kgmm.fit_score` chooses, each fitted to the same folds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch

from kgmm.score.features import Features, PolynomialFeatures, RadialFeatures
from kgmm.score.partition import bisect
from kgmm.score.potentials import Potential, nearest_distance
from kgmm.score.score_matching import FoldSums, LinearFit

N_FOLDS = 6  # the last one holds the held-out samples
_TRIAL_ROWS = 20_000
_TRIAL_ROWS_PER_FUNCTION = 30
_TRIAL_PRODUCTS = 1_000_000_000  # a trial that needs no more of them uses all rows
_FULL_PRODUCTS = 20_000_000_000  # of a fit to all rows that may turn out to be useless
_MOST_ROWS = 1_000_000  # of a potential; more do not change the error
_MOST_POLYNOMIALS = 800
_SAMPLES_PER_POLYNOMIAL = 10
# Degree, and variables that interact at most, in the order of the trial; odd degrees add nothing to even densities.
_BASES = ((2, 2), (4, 2), (4, 3), (4, 4), (6, 2), (6, 3), (6, 4), (8, 2), (8, 3), (8, 4), (10, 2), (12, 2))
_HOPELESS = 2  # bases in a row that are no better, after which the trial stops
_SINGLE_UP_TO = 4  # degree up to which products of single precision are exact enough
MOST_RADIAL_FEATURES = 6  # variables; beyond, bumps at any affordable number of centres are too far apart
_WIDTHS, _NARROWER = (0.5, 0.8, 1.25, 2.0), 1.6
_CENTERS_PER_VARIABLE = 60  # of the trial
_MOST_CENTERS, _CENTERS_OF_ONE, _SAMPLES_PER_CENTER = 800, 100, 30  # one: of a single variable
_RADIAL_ROWS = 200_000
_REACH = 1.1  # of a potential, over the extent of the data
_ANCHORS, _SUPPORTED = 128, 0.9999


@dataclass(frozen=True)
class Folded:
    """Samples in standardised coordinates, sorted into folds, and the Gaussian that every family starts from.

    Attributes
    ----------
    x : ``(n, n_features)``, float64; the last fold is the held-out one.
    edges : ``(N_FOLDS + 1,)``, first row of each fold.
    precision : ``(n_features, n_features)``, inverse covariance of all samples.
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
        deviations = []
        for a, b in pairwise(self.edges):
            rest = torch.cat([self.x[:a], self.x[b:]])
            mean = rest.mean(dim=0)
            inverse = torch.linalg.pinv(torch.cov(rest.T, correction=0).reshape(len(mean), -1), hermitian=True)
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


@dataclass(frozen=True)
class LinearCandidate:
    """A fitted potential.

    Attributes
    ----------
    name, features : the family; fit : its coefficients.
    loss : cross-validated Hyvärinen loss, relative to the Gaussian's.
    """

    name: str
    features: Features
    fit: LinearFit
    loss: float
    sums: FoldSums = field(repr=False)

    @classmethod
    def fitted(cls, name: str, features: Features, data: Folded) -> LinearCandidate:
        """Fits the family to all folds."""
        sums = FoldSums.of(features, data.x, data.base, data.edges)
        fit = sums.fit()
        return cls(name, features, fit, float(fit.losses @ sums.counts / sums.counts.sum()), sums)

    def beats(self, other: LinearCandidate | None) -> bool:
        """Whether the cross-validated loss is lower, by more than a standard error of the difference over folds."""
        if other is None:
            return True
        difference = self.fit.losses - other.fit.losses
        return self.loss < other.loss and difference.mean() < -difference.std(ddof=1) / len(difference) ** 0.5


@dataclass(frozen=True)
class Support:
    """Where there are data, see :class:`kgmm.score.potentials.Potential`; ``points`` are some of them."""

    points: torch.Tensor
    reach: float
    anchors: torch.Tensor
    support: float

    @classmethod
    def of(cls, data: Folded) -> Support:
        """Of all samples; the anchors are K-means centres."""
        radius = ((data.x @ data.precision) * data.x).sum(dim=1).max().sqrt()
        some = data.thinned(_TRIAL_ROWS).x.float()
        anchors = kmeans_centers(some, min(_ANCHORS, len(some) // 10))
        distance = torch.quantile(nearest_distance(some, anchors), _SUPPORTED)
        return cls(some, _REACH * float(radius), anchors, _REACH * float(distance))

    def potential(self, features: Features, weights: np.ndarray, precision: torch.Tensor) -> Potential:
        """The part beyond the Gaussian as a function, float32."""
        potential = Potential(
            features, torch.as_tensor(weights), precision, self.reach, self.anchors, self.support, np.inf
        ).to("cpu")
        lengths = torch.cat([potential(rows).square().sum(dim=1) for rows in self.points.split(4096)]).sqrt()
        return replace(potential, bound=_REACH * float(lengths.max()))


def best_polynomial(data: Folded) -> LinearCandidate | None:
    """Polynomials of growing degree on a part of the data, until the loss falls no more; the best, fitted to all."""
    n, d = data.x.shape
    most = min(_MOST_POLYNOMIALS, n // _SAMPLES_PER_POLYNOMIAL)
    best, failures, smallest = None, 0, 0
    for degree, interaction in _BASES:
        size = PolynomialFeatures.number(d, degree, interaction)
        if size > most or size == smallest:
            continue
        smallest = size
        features = PolynomialFeatures.up_to(d, degree, interaction)
        rows = max(_TRIAL_ROWS, _TRIAL_ROWS_PER_FUNCTION * size, _TRIAL_PRODUCTS // (d * size**2))
        trial = data.thinned(rows)
        candidate = LinearCandidate.fitted(f"polynomial of degree {degree}", features, trial.of_degree(degree))
        if candidate.beats(best):
            best, failures = candidate, 0
        elif (failures := failures + 1) == _HOPELESS:
            break
    if best is None or best.sums.counts.sum() >= min(n, _MOST_ROWS):
        return best
    full = data.thinned(_MOST_ROWS)
    best = LinearCandidate.fitted(best.name, best.features, full.of_degree(best.features.degree))
    # What a part of the data could not tell apart, all of them may.
    for degree, interaction in _BASES:
        size = PolynomialFeatures.number(d, degree, interaction)
        affordable = size <= most and full.x.shape[0] * d * size**2 <= _FULL_PRODUCTS
        if size <= best.features.n_functions or interaction < min(d, best.features.interaction) or not affordable:
            continue
        features = PolynomialFeatures.up_to(d, degree, interaction)
        larger = LinearCandidate.fitted(f"polynomial of degree {degree}", features, full.of_degree(degree))
        if not larger.beats(best):
            break
        best = larger
    return best


def best_radial(data: Folded, rival: LinearCandidate | None) -> LinearCandidate | None:
    """Bumps at K-means centres, their width chosen on a part of the data; ``None`` where the rival is better there."""
    n, d = data.x.shape
    if d > MOST_RADIAL_FEATURES:
        return None
    data = replace(data, x=data.x.float())
    trial = data.thinned(_TRIAL_ROWS)
    centers = kmeans_centers(trial.training, min(_CENTERS_PER_VARIABLE * d, len(trial.training) // 10))
    best = None
    for width in _WIDTHS:
        candidate = LinearCandidate.fitted("radial", RadialFeatures(centers, width), trial)
        if best is not None and candidate.loss > best.loss:
            break
        best = candidate
    if rival is not None:
        same = LinearCandidate.fitted(rival.name, rival.features, replace(trial, x=trial.x.double()))
        if not best.beats(same):
            return None
    n_centers = min(int(n / _SAMPLES_PER_CENTER), _MOST_CENTERS, _CENTERS_OF_ONE * 3 ** (d - 1))
    full = data.thinned(_RADIAL_ROWS)
    centers = kmeans_centers(full.training, n_centers)
    # More centres and samples allow narrower bumps than the trial's.
    widths = (best.features.width, best.features.width / _NARROWER)
    candidates = [LinearCandidate.fitted("radial potential", RadialFeatures(centers, w), full) for w in widths]
    return min(candidates, key=lambda candidate: candidate.loss)


def kmeans_centers(x: torch.Tensor, n_centers: int) -> torch.Tensor:
    """About ``n_centers`` means of the cells of a bisecting K-means tree, ``(m, n_features)``."""
    partition = bisect(x, max_mass=1.4 / n_centers)
    cells = partition.to(x.dtype).assign(x).long()
    counts = torch.bincount(cells, minlength=partition.n_cells).clamp(min=1)
    sums = torch.zeros(partition.n_cells, x.shape[1], dtype=x.dtype).index_add_(0, cells, x)
    return sums / counts[:, None]
