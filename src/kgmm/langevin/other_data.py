"""Whether a score belongs to a path: one of other variables, or in other units, fits no path."""

from __future__ import annotations

import warnings

import numpy as np

# From a mean this many deviations away, or deviations that differ by this factor, the path is not like the data.
_LARGEST_SHIFT, _LARGEST_RATIO = 1.0, 2.0
# A narrower path up to here may be a part of them, such as a stay in one of two wells.
_SHIFT_OF_PART, _RATIO_OF_PART, _WIDTH_OF_PART = 3.0, 20.0, 0.8


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

    Warns
    -----
    UserWarning
        If the path may be a part of the data of the fit, such as a stay in one of two wells.
    """
    fitted = getattr(score, "standardization", None)
    if fitted is None:
        return
    d = flat.shape[1]
    if fitted.scale.size != d:
        raise ValueError(f"the score is of {fitted.scale.size} variables: the path has {d}")
    mean, scale = flat.mean(axis=0), flat.std(axis=0)
    shift = np.abs(mean - fitted.mean) / fitted.scale
    wider, narrower = scale / fitted.scale, fitted.scale / np.maximum(scale, 1e-300)
    unlike = (shift > _LARGEST_SHIFT) | (np.maximum(wider, narrower) > _LARGEST_RATIO)
    part = (wider <= _WIDTH_OF_PART) & (shift <= _SHIFT_OF_PART) & (narrower <= _RATIO_OF_PART)

    def both(k: int) -> str:
        return (
            f"variable {k + 1} had mean {fitted.mean[k]:.4g} and standard deviation {fitted.scale[k]:.4g} there, "
            f"{mean[k]:.4g} and {scale[k]:.4g} in the path"
        )

    if (unlike & ~part).any():
        raise ValueError(f"the score is of other data: {both(np.flatnonzero(unlike & ~part)[0])}")
    if unlike.any():
        said = f"the path is a part of the data of the score, or the score is of other data: {both(unlike.argmax())}"
        warnings.warn(said, stacklevel=3)
