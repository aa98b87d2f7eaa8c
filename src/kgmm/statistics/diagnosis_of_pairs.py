"""What makes variables together hard for an estimate: combinations without width, and circles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from kgmm.data.angles import is_circle
from kgmm.statistics.findings import Finding, option
from kgmm.wording import shortened

_MAX_PAIRED = 30  # variables among which pairs are looked at


def circles_among(X: np.ndarray, names: Sequence[str]) -> list[Finding]:
    """Pairs of variables that are cosine and sine of an angle: a curve, on which there is no density."""
    found = []
    for i, j in combinations(range(min(X.shape[1], _MAX_PAIRED)), 2):
        if is_circle(X[:, i], X[:, j]):
            a, b = names[i], names[j]
            said = f"{a} and {b} lie on a circle, where they have no density of their own"
            remedy = (
                f"give their angle in place of both, {option('transform', 'angle=angle:6.2832')}; or take σ of 0.05 "
                f"or more: the model is then of the blurred circle, and the angle arctan2({b}, {a}) has its law"
            )
            found.append(Finding("circle", f"{a},{b}", said, remedy))
    return found


def collinear(X: np.ndarray, names: Sequence[str], sigma: float) -> list[Finding]:
    """Combinations of variables that are thinner than the noise."""
    if X.shape[1] < 2 or X.shape[0] < 10 * X.shape[1] or not (X.std(axis=0) > 0).all():
        return []
    values, vectors = np.linalg.eigh(np.corrcoef(X.T))
    n_thin = int((values < sigma**2).sum())
    if n_thin == 0:
        return []
    members = [name for name, weight in zip(names, vectors[:, 0]) if abs(weight) > 0.1]
    deviation = max(float(values[0]), 0.0) ** 0.5
    more = f", and {n_thin - 1} more such combinations" * (n_thin > 1)
    said = f"a combination of {shortened(members)} has a deviation of {deviation:.1g}, below σ = {sigma:g}{more}"
    return [Finding("collinear", ",".join(members), said, "use fewer variables, or principal components")]
