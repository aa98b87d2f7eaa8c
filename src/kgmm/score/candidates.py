"""The families among which :func:`kgmm.fit_score` chooses, each fitted to the same folds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from kgmm.score.features import Features, PolynomialFeatures, RadialFeatures
from kgmm.score.folds import Folded
from kgmm.score.partition import bisect
from kgmm.score.potentials import Potential, nearest_distance
from kgmm.score.score_matching import FoldSums, LinearFit
from kgmm.score.splines import SplineFeatures

_TRIAL_ROWS = 20_000
_TRIAL_ROWS_PER_FUNCTION = 30
_TRIAL_PRODUCTS = 1_000_000_000  # a trial that needs no more of them uses all rows
_FULL_PRODUCTS = 20_000_000_000  # of a fit to all rows that may turn out to be useless
_MAX_ROWS = 1_000_000  # of a potential; more do not change the error
_MOST_PRODUCTS = 200_000_000_000  # of pairs of functions, over all rows of a fit
_MAX_POLYNOMIALS = 800
_SAMPLES_PER_POLYNOMIAL = 10
# Degree, and variables that interact at most, in the order of the trial; odd degrees add nothing to even densities.
_BASES = ((2, 2), (4, 2), (4, 3), (4, 4), (6, 2), (6, 3), (6, 4), (8, 2), (8, 3), (8, 4), (10, 2), (12, 2))
# Over folds, by which a polynomial up to that degree, or any other potential, must be beaten: with one, three of forty
# double wells got a family that they did not need; under heavy tails bumps beat a polynomial of degree 6 by 1.6.
_LOW_DEGREE, _STANDARD_ERRORS_OF_LOW, _STANDARD_ERRORS = 4, 2.0, 1.5
_EXACT_DEGREE = 6  # up to which a polynomial may be the density itself
_HOPELESS = 2  # bases in a row that are no better, after which the trial stops
MAX_RADIAL_FEATURES = 3  # variables up to which bumps tell whether a polynomial is enough
MAX_FITTED_RADIAL = 2  # and beyond which at any affordable number of centres they are worse than a network
_WIDTHS, _NARROWER = (0.5, 0.8, 1.25, 2.0), 1.6
_CENTERS_PER_VARIABLE = 60  # of the trial
_MAX_CENTERS, _CENTERS_OF_ONE, _SAMPLES_PER_CENTER = 500, 100, 30  # one: of a single variable
_RADIAL_ROWS, _ROWS_OF_WIDTHS = 200_000, 50_000
_REACH = 1.1  # of a potential, over the extent of the data
_ANCHORS, _SUPPORTED = 128, 0.9999
_FARTHEST, _MORE_ANCHORS = 1000, 32  # samples in the tails, and anchors among them at most


@dataclass(frozen=True)
class LinearCandidate:
    """A fitted potential.

    Attributes
    ----------
    name, features
        The family.
    fit
        Its coefficients.
    sums
        What it was fitted to.
    rough
        Whether a rougher density than the family's is more likely.
    """

    name: str
    features: Features
    fit: LinearFit
    sums: FoldSums = field(repr=False)
    rough: bool = False

    @classmethod
    def fitted(cls, name: str, features: Features, data: Folded) -> LinearCandidate:
        """Fits the family to all folds."""
        sums = FoldSums.of(features, data.x, data.base, data.edges)
        return cls(name, features, sums.fit(), sums)

    @property
    def loss(self) -> float:
        """Cross-validated Hyvärinen loss, relative to the Gaussian's."""
        return float(self.fit.losses @ self.sums.counts / self.sums.counts.sum())

    @property
    def simple(self) -> bool:
        """Whether it is a polynomial of a degree that densities of potentials often have."""
        return isinstance(self.features, PolynomialFeatures) and self.features.degree <= _LOW_DEGREE

    @property
    def margin(self) -> float:
        """Standard errors by which another must be better."""
        return _STANDARD_ERRORS_OF_LOW if self.simple else _STANDARD_ERRORS

    @property
    def makeshift(self) -> bool:
        """Whether it is a sum of bumps or a high polynomial: an approximation, with a bias of its own."""
        low = isinstance(self.features, PolynomialFeatures) and self.features.degree <= _EXACT_DEGREE
        return not (low or isinstance(self.features, SplineFeatures))

    def beats_gaussian(self, standard_errors: float) -> bool:
        """Whether the cross-validated loss is below the Gaussian's by that many standard errors over folds."""
        losses = self.fit.losses
        return losses.mean() < -standard_errors * losses.std(ddof=1) / len(losses) ** 0.5

    def beats(self, other: LinearCandidate | None) -> bool:
        """Whether the cross-validated loss is lower, by more than some standard errors of the difference over folds."""
        if other is None:
            return True
        difference = self.fit.losses - other.fit.losses
        stderr = difference.std(ddof=1) / len(difference) ** 0.5
        return self.loss < other.loss and difference.mean() < -other.margin * stderr


@dataclass(frozen=True)
class Support:
    """Where there are data, see :class:`kgmm.score.potentials.Potential`; ``points`` are some of them."""

    points: torch.Tensor
    reach: float
    anchors: torch.Tensor
    support: float

    @classmethod
    def of(cls, data: Folded) -> Support:
        """Of all samples; the anchors are K-means centres, and samples in the tails that the centres do not reach."""
        squares = ((data.x @ data.precision) * data.x).sum(dim=1)
        some = data.thinned(_TRIAL_ROWS).x.float()
        anchors = kmeans_centers(some, min(_ANCHORS, len(some) // 10))
        support = _REACH * float(torch.quantile(nearest_distance(some, anchors), _SUPPORTED))
        farthest = data.x[squares.topk(min(_FARTHEST, len(squares))).indices].float()
        anchors = _with_tails(anchors, farthest, support)
        return cls(torch.cat([some, farthest]), _REACH * float(squares.max().sqrt()), anchors, support)

    def potential(self, features: Features, weights: np.ndarray, precision: torch.Tensor) -> Potential:
        """The part beyond the Gaussian as a function, float32."""
        anchors, support = self.anchors, self.support
        if isinstance(features, SplineFeatures):  # whose likelihood knows where there are no data
            anchors, support = anchors[:1], 2.0 * self.reach
        potential = Potential(features, torch.as_tensor(weights), precision, self.reach, anchors, support, np.inf)
        potential = potential.to("cpu")
        lengths = torch.cat([potential(rows).square().sum(dim=1) for rows in self.points.split(4096)]).sqrt()
        return replace(potential, bound=_REACH * float(lengths.max()))


def _with_tails(anchors: torch.Tensor, farthest: torch.Tensor, support: float) -> torch.Tensor:
    """The anchors and those of the farthest samples that continue them: within twice the support, and beyond it.

    Of a million samples a hundred may be farther from the centres than ``support``, where the score is largest.
    Outliers that stand alone are left out: what a potential is between them and the data, no sample tells.
    """
    for _ in range(_MORE_ANCHORS):
        distance = nearest_distance(farthest, anchors)
        distance = torch.where(distance < 2.0 * support, distance, 0.0)
        if distance.max() <= support:
            break
        anchors = torch.cat([anchors, farthest[distance.argmax()][None]])
    return anchors


def best_polynomial(data: Folded) -> LinearCandidate | None:
    """The polynomial of least cross-validated loss.

    Bases grow on a part of the data until the loss falls no more; the best is fitted to all, and larger ones after it
    as long as they beat it there.

    Parameters
    ----------
    data : Folded
        Samples in folds.

    Returns
    -------
    LinearCandidate or None
        ``None`` if there are too few samples for the smallest basis.

    Examples
    --------
    >>> import torch
    >>> from kgmm.score.folds import fold
    >>> x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    >>> best_polynomial(fold(x, 0.0, torch.Generator())).name
    'polynomial of degree 2'
    """
    n, d = data.x.shape
    most = min(_MAX_POLYNOMIALS, n // _SAMPLES_PER_POLYNOMIAL)
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
    if best is None:
        return None
    rows = min(_MAX_ROWS, _MOST_PRODUCTS // best.features.n_functions**2)
    if best.sums.counts.sum() >= min(n, rows):
        return best
    full = data.thinned(rows)
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


def radial_width(data: Folded, other: LinearCandidate | None) -> float | None:
    """The best width of Gaussian bumps at a few K-means centres, on a part of the data.

    Parameters
    ----------
    data : Folded
        Samples in folds.
    other : LinearCandidate or None
        What bumps must beat.

    Returns
    -------
    float or None
        ``None`` where the other is better, or there are more than three variables.

    Examples
    --------
    >>> import torch
    >>> from kgmm.score.folds import fold
    >>> x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    >>> radial_width(fold(x, 0.0, torch.Generator()), None)
    2.0
    """
    d = data.x.shape[1]
    if d > MAX_RADIAL_FEATURES:
        return None
    trial = replace(data, x=data.x.float()).thinned(_TRIAL_ROWS)
    centers = kmeans_centers(trial.training, min(_CENTERS_PER_VARIABLE * d, len(trial.training) // 10))
    best = None
    for width in _WIDTHS:
        candidate = LinearCandidate.fitted("radial", RadialFeatures(centers, width), trial)
        if best is not None and candidate.loss > best.loss:
            break
        best = candidate
    if other is not None:
        same = LinearCandidate.fitted(other.name, other.features, replace(trial, x=trial.x.double()))
        if not best.beats(same):
            return None
    return best.features.width


def best_radial(data: Folded, width: float) -> LinearCandidate:
    """Gaussian bumps at many K-means centres, of that width or narrower, which more centres and samples allow."""
    n, d = data.x.shape
    n_centers = min(int(n / _SAMPLES_PER_CENTER), _MAX_CENTERS, _CENTERS_OF_ONE * 3 ** (d - 1))
    full = replace(data, x=data.x.float()).thinned(_RADIAL_ROWS)
    centers, part = kmeans_centers(full.training, n_centers), full.thinned(_ROWS_OF_WIDTHS)
    tried = [LinearCandidate.fitted("radial", RadialFeatures(centers, w), part) for w in (width, width / _NARROWER)]
    best = min(tried, key=lambda candidate: candidate.loss)
    return LinearCandidate.fitted("radial potential", best.features, full)


def kmeans_centers(x: torch.Tensor, n_centers: int) -> torch.Tensor:
    """Means of the cells of a bisecting K-means tree.

    Parameters
    ----------
    x : torch.Tensor
        ``(n, n_features)``.
    n_centers : int
        About how many.

    Returns
    -------
    torch.Tensor
        ``(m, n_features)``.

    Examples
    --------
    >>> import torch
    >>> kmeans_centers(torch.linspace(0.0, 1.0, 100)[:, None], 4).shape[1]
    1
    """
    partition = bisect(x, max_mass=1.4 / n_centers)
    cells = partition.to(x.dtype).assign(x).long()
    counts = torch.bincount(cells, minlength=partition.n_cells).clamp(min=1)
    sums = torch.zeros(partition.n_cells, x.shape[1], dtype=x.dtype).index_add_(0, cells, x)
    return sums / counts[:, None]
