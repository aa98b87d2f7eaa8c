"""Whether a score belongs to a path: one of other variables, or in other units, fits no path."""

from __future__ import annotations

import numpy as np

# A score is refused if its data had a mean this many deviations away, or deviations that differ by this factor.
_LARGEST_SHIFT, _LARGEST_RATIO = 1.0, 2.0


def refuse_other_data(score, flat: np.ndarray) -> None:
    """Refuses a score of other variables, or of the same in other units.

    Parameters
    ----------
    score : callable
        A fitted one, or any other function, of which nothing is known.
    flat : ndarray of shape (n, n_features)
        States of the path.

    Raises
    ------
    ValueError
        If mean or deviation of a variable are far from those of the fit.
    """
    fitted = getattr(score, "standardization", None)
    if fitted is None:
        return
    d = flat.shape[1]
    if fitted.scale.size != d:
        raise ValueError(f"the score is of {fitted.scale.size} variables: the path has {d}")
    mean, scale = flat.mean(axis=0), flat.std(axis=0)
    shift = np.abs(mean - fitted.mean) / fitted.scale
    ratio = np.maximum(scale / fitted.scale, fitted.scale / np.maximum(scale, 1e-300))
    other = np.flatnonzero((shift > _LARGEST_SHIFT) | (ratio > _LARGEST_RATIO))
    if other.size:
        k = other[0]
        raise ValueError(
            f"the score is of other data: variable {k + 1} had mean {fitted.mean[k]:.4g} and standard deviation "
            f"{fitted.scale[k]:.4g} there, {mean[k]:.4g} and {scale[k]:.4g} in the path"
        )
