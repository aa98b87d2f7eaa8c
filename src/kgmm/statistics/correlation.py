"""Correlation functions in time, and the times that follow from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft

from kgmm.data.blocks import BLOCKS
from kgmm.data.segments import blocks_of_runs, longest_run, runs, states_of

# The window of the integrated time in units of it (after Sokal), and the length of series that it needs, likewise.
_WINDOW = 5.0
_MIN_TIMES = 50.0
_NUMBERS_AT_ONCE = 2_000_000  # in a transform of several segments


class IntegratedTime(NamedTuple):
    """Integrated autocorrelation time, its standard error, and the length of all series in units of it."""

    value: float
    stderr: float
    n_times: float


def correlation(values: np.ndarray, n_lags: int) -> np.ndarray:
    """``C_ij(k) = E[x_i(t + k) x_j(t)]`` of the centred series, shape ``(n_lags, n_features, n_features)``.

    Parameters
    ----------
    values
        ``(n_members, n_times, n_features)``; the mean over members and times is removed. States may be missing: pairs
        are those within a segment, see :mod:`kgmm.data.segments`.
    n_lags
        Lags ``0 … n_lags − 1`` in saved steps, at most the longest segment. Each lag is averaged over the pairs it has.
    """
    longest = longest_run(values)
    if not 1 <= n_lags <= longest:
        raise ValueError(f"n_lags is {n_lags}: it must lie between 1 and the number of times, {longest}")
    sums, pairs = _sums_about(runs(values), _mean(values), n_lags)
    return sums / pairs[:, None, None]


def block_correlations(values: np.ndarray, n_lags: int, n_blocks: int = BLOCKS) -> np.ndarray:
    """:func:`correlation` of nearly independent blocks about the mean of all, for standard errors.

    Blocks are those of :func:`block_sums`; those without pairs at all lags are left out. Shape
    ``(about n_blocks, n_lags, n_features, n_features)``. Raises ``ValueError`` if less than half of them are left.
    """
    sums, pairs = block_sums(values, n_lags, n_blocks)
    enough = (pairs > 0).all(axis=1)
    if 2 * enough.sum() < n_blocks:
        raise ValueError(f"n_lags is {n_lags}: {enough.sum()} of {n_blocks} blocks of the path have pairs at all lags")
    return sums[enough] / pairs[enough, :, None, None]


def correlations_without_block(values: np.ndarray, n_lags: int, n_blocks: int = BLOCKS) -> list[np.ndarray]:
    """:func:`correlation` about the mean of all, leaving out one block after the other, for a jackknife.

    Raises ``ValueError`` if less than half of the blocks have pairs at the longest lag.
    """
    longest = longest_in_blocks(values, n_blocks)
    if n_lags > longest:
        raise ValueError(f"n_lags is {n_lags}: blocks of the path allow {longest}")
    sums, pairs = block_sums(values, n_lags, n_blocks)
    total, everything = sums.sum(axis=0), pairs.sum(axis=0)
    return [(total - own) / (everything - number)[:, None, None] for own, number in zip(sums, pairs)]


def block_sums(values: np.ndarray, n_lags: int, n_blocks: int = BLOCKS) -> tuple[np.ndarray, np.ndarray]:
    """Sums of products and numbers of pairs at the lags, in nearly independent blocks about the mean of all.

    Blocks are groups of members where there are as many, else equal stretches of every member, which loses the pairs
    across their ends; where states are missing, groups of segments, of which long ones are cut.

    Returns
    -------
    Arrays ``(n_blocks or a few more, n_lags, n_features, n_features)`` and ``(n_blocks or a few more, n_lags)``.
    """
    mean = _mean(values)
    found = [_sums_about(block, mean, n_lags) for block in _blocks(values, n_blocks)]
    return np.stack([sums for sums, _ in found]), np.stack([pairs for _, pairs in found])


def longest_in_blocks(values: np.ndarray, n_blocks: int = BLOCKS) -> int:
    """Lags for which at least half of the blocks have pairs; of members of one length, all blocks."""
    longest = sorted((max(len(part) for part in block) for block in _blocks(values, n_blocks)), reverse=True)
    return longest[min(n_blocks // 2, len(longest)) - 1] if longest else 0


def _blocks(values: np.ndarray, n_blocks: int) -> list[list[np.ndarray]]:
    """Blocks as lists of segments, see :func:`block_sums`."""
    if np.isnan(values[:, :, 0]).any():
        return blocks_of_runs(runs(values), n_blocks)
    if values.shape[0] >= n_blocks:
        return [list(block) for block in np.array_split(values, n_blocks)]
    stretches = -(-n_blocks // values.shape[0])
    length = values.shape[1] // stretches
    return [[block] for block in values[:, : stretches * length].reshape(-1, length, values.shape[2])]


def _mean(values: np.ndarray) -> np.ndarray:
    if np.isnan(values[:, :, 0]).any():
        return states_of(values).mean(axis=0, dtype=float)
    return values.mean(axis=(0, 1), dtype=float)


def _sums_about(segments: list[np.ndarray], mean: np.ndarray, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of products over all pairs, and numbers of pairs; zero at lags that no segment has."""
    n_features = mean.size
    sums, pairs = np.zeros((n_lags, n_features, n_features)), np.zeros(n_lags)
    for n_times in sorted({len(segment) for segment in segments}):
        own = [segment for segment in segments if len(segment) == n_times]
        n_own = min(n_lags, n_times)
        size = fft.next_fast_len(n_times + n_own, real=True)
        spectrum = np.zeros((size // 2 + 1, n_features, n_features), dtype=complex)
        at_once = max(1, _NUMBERS_AT_ONCE // (size * n_features))
        for first in range(0, len(own), at_once):
            modes = fft.rfft(np.stack(own[first : first + at_once]) - mean, n=size, axis=1)
            if n_features == 1:
                spectrum += (np.square(modes.real) + np.square(modes.imag)).sum(axis=0)[:, :, None]
            else:
                spectrum += np.einsum("mfi,mfj->fij", modes, modes.conj())
        sums[:n_own] += fft.irfft(spectrum, n=size, axis=0)[:n_own]
        pairs[:n_own] += len(own) * (n_times - np.arange(n_own))
    return sums, pairs


def autocorrelation(values: np.ndarray, n_lags: int) -> np.ndarray:
    """Normalised autocorrelation of each variable, shape ``(n_lags, n_features)``; NaN where a variable is constant.

    Arguments as :func:`correlation`.
    """
    own = [correlation(values[:, :, k : k + 1], n_lags)[:, 0, 0] for k in range(values.shape[2])]
    return np.stack([c / c[0] if c[0] > 0 else np.full_like(c, np.nan) for c in own], axis=1)


def decorrelation_time(autocorrelation: np.ndarray, interval: float) -> float:
    """Lag at which an autocorrelation ``(n_lags,)`` first falls to 1/e, linear between lags; NaN if it never does."""
    below = np.flatnonzero(autocorrelation < np.exp(-1))
    if not below.size:
        return float("nan")
    k = below[0]
    before, after = autocorrelation[k - 1], autocorrelation[k]
    return float(interval * (k - 1 + (before - np.exp(-1)) / (before - after)))


def integrated_time(autocorrelation: np.ndarray, interval: float, n_values: int) -> IntegratedTime:
    """``τ = 1 + 2 Σ_k ρ_k`` in units of time, summed up to the first lag beyond ``5 (1 + 2 Σ_k |ρ_k|)``.

    Sokal's automatic windowing (1997, "Monte Carlo methods in statistical mechanics", section 3) with absolute values
    in the condition, for series that oscillate; the least length, 50 ``τ``, is that of emcee's ``AutocorrError``.

    Parameters
    ----------
    autocorrelation
        ``(n_lags,)``.
    interval
        Between lags.
    n_values
        Values of all series together, from which the standard error follows.

    Raises
    ------
    ValueError
        If the lags end before the window does, or the series is shorter than 50 times ``τ``.
    """
    sums = 2.0 * np.cumsum(autocorrelation) - 1.0
    # The window follows the sizes, not the sums: those of an oscillating series are small long before it has decayed.
    sizes = 2.0 * np.cumsum(np.abs(autocorrelation)) - 1.0
    enough = np.flatnonzero(np.arange(sums.size) >= _WINDOW * sizes)
    if not enough.size:
        raise ValueError(f"the autocorrelation has {sums.size} lags: its integrated time needs more")
    window = int(enough[0])
    tau = float(max(sums[window], 1e-12))
    if n_values < _MIN_TIMES * tau:
        raise ValueError(f"the series is {n_values / tau:.0f} autocorrelation times long: {_MIN_TIMES:g} are needed")
    stderr = tau * np.sqrt(2.0 * (2 * window + 1) / n_values)
    return IntegratedTime(tau * interval, float(stderr) * interval, n_values / tau)
