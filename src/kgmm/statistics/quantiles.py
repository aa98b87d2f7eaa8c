"""Quantiles of a model beside those of data, with errors from blocks of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgmm.data.blocks import BLOCKS, Estimate

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_STANDARD_ERRORS = 3.0
_LARGEST_ERROR = 0.1  # standard deviations


def member_blocks(values: np.ndarray) -> list[np.ndarray]:
    """Groups of members of ``(member, time, …)`` where there are 20, else stretches of every member."""
    if values.shape[0] >= BLOCKS:
        return np.array_split(values, BLOCKS)
    stretches = -(-BLOCKS // values.shape[0])
    return [part for member in values for part in np.array_split(member[None], stretches, axis=1)]


def ordered_quantiles(ordered: np.ndarray, levels: float | Sequence[float]) -> np.ndarray:
    """:func:`numpy.quantile` along the last axis of values that are sorted along it."""
    place = np.asarray(levels) * (ordered.shape[-1] - 1)
    below = np.minimum(place.astype(int), ordered.shape[-1] - 1)
    above = np.minimum(below + 1, ordered.shape[-1] - 1)
    low, high = ordered[..., below], ordered[..., above]
    return low + (high - low) * (place - below)


def quantile(values: np.ndarray, level: float, ordered: np.ndarray | None = None) -> Estimate:
    """A quantile of ``(member, time)`` with its standard error from the share beyond it in blocks.

    ``ordered`` are the same values sorted, where they are at hand.
    """
    ordered = np.sort(values, axis=None) if ordered is None else ordered
    # The error of the share becomes one of the value by the slope of the distribution function there.
    step = 0.5 * min(level, 1 - level)
    below, value, above = ordered_quantiles(ordered, [level - step, level, level + step]).tolist()
    slope = 2 * step / max(above - below, 1e-300)
    return Estimate(value, _share_stderr(values, value) / slope)


def _share_stderr(values: np.ndarray, threshold: float) -> float:
    """Standard error of the share of values up to a threshold, from blocks."""
    shares = np.array([np.mean(block <= threshold) for block in member_blocks(values)])
    return float(shares.std(ddof=1) / len(shares) ** 0.5)


def quantile_errors(data: np.ndarray, model: np.ndarray) -> np.ndarray:
    """The largest difference of quantiles from 1 to 99 % of each variable, as far as it exceeds the errors.

    A quantile of the model must lie between those of the data at its level less and plus three standard errors of the
    share below it, in both. Between two modes quantiles differ by much where shares do not; this allows for it.

    Parameters
    ----------
    data, model : ndarray of shape (n_members, n_times, n_features)
        Their numbers of members and times may differ.

    Returns
    -------
    ndarray of shape (n_features,)
        In standard deviations of the data; zero where all quantiles are within their errors.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((2, 200, 50, 1))
    >>> float(quantile_errors(x[0], x[1])[0])
    0.0
    >>> bool(quantile_errors(x[0], x[1] + 0.5)[0] > 0.4)
    True
    """
    errors = np.zeros(data.shape[2])
    for k in range(data.shape[2]):
        x, y = data[:, :, k], model[:, :, k]
        for level in LEVELS:
            value = float(np.quantile(y, level))
            margin = _STANDARD_ERRORS * float(
                np.hypot(_share_stderr(x, np.quantile(x, level)), _share_stderr(y, value))
            )
            low, high = np.quantile(x, np.clip([level - margin, level + margin], 0.0, 1.0))
            errors[k] = max(errors[k], low - value, value - high)
    return errors / data.std(axis=(0, 1))


def wrong_quantiles(errors: np.ndarray, names: Sequence[str] | None = None) -> list[str]:
    """A sentence for each variable whose :func:`quantile_errors` exceed a tenth of a deviation.

    Parameters
    ----------
    errors : ndarray of shape (n_features,)
    names : sequence of str, optional
        Of the variables; ``variable 1, variable 2, …`` by default.

    Examples
    --------
    >>> wrong_quantiles(np.array([0.0, 0.25]), ["x", "y"])
    ['quantiles of y from 1 to 99 % are off by 0.25 standard deviations beyond their error']
    """
    names = [f"variable {k + 1}" for k in range(len(errors))] if names is None else names
    return [
        f"quantiles of {name} from 1 to 99 % are off by {error:.2g} standard deviations beyond their error"
        for name, error in zip(names, errors)
        if not error <= _LARGEST_ERROR
    ]
