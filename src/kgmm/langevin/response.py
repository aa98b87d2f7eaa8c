"""The response of a stationary system to a small forcing, from its unperturbed path and its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import xarray as xr
from scipy import fft, stats
from scipy.integrate import cumulative_simpson

from kgmm.data.blocks import BLOCKS
from kgmm.data.paths import as_path, equal_members, time_step_of
from kgmm.langevin.observables import Group, Observable, groups_of
from kgmm.langevin.perturbations import Perturbation, at_states
from kgmm.score.model import ScoreModel

OBSERVABLES = ("mean", "variance")
_MIN_LAGS = 3
# Share of exact scores that the verdict refuses, all checks together.
_FALSE_ALARMS = 0.01
# A score is refused if its data had a mean this many deviations away, or deviations that differ by this factor.
_LARGEST_SHIFT, _LARGEST_RATIO = 1.0, 2.0


def response(
    path,
    score: ScoreModel | Callable[[np.ndarray], np.ndarray],
    perturbation: Perturbation,
    observables: Sequence[Observable] = OBSERVABLES,
    *,
    divergence: Callable[[np.ndarray], np.ndarray] | None = None,
    longest: float | None = None,
) -> xr.Dataset:
    """Response to a small change ``u(x)`` of the drift, by the generalised fluctuation–dissipation theorem.

    ``δE[a](t) = ∫ R(t − t') f(t') dt'`` for a forcing ``u(x) f(t)``, with ``R(τ) = E[a(x(t + τ)) B(x(t))]`` and
    ``B = −(∇·u + u·s)``. The theorem needs the score of all variables that have a memory of their own; with the score
    of a few observed ones it is exact at ``τ = 0`` only.

    Parameters
    ----------
    path : array_like
        A densely saved path, see :func:`kgmm.data.paths.as_path`.
    score : ScoreModel or callable
        The score of its stationary density, ``(n, n_features) -> (n, n_features)``.
    perturbation : array_like or callable
        A constant vector ``(n_features,)``, or ``u(x)``, ``(n, n_features) -> (n, n_features)``, in units of the
        path per time.
    observables : sequence of str or callable
        ``"mean"``, ``"variance"`` and ``"third_moment"`` of every variable, about the mean of the path; ``"density"``,
        the marginal density of every variable; and functions ``(n, n_features) -> (n,)``, by their names.
    divergence : callable, optional
        ``∇·u``, ``(n, n_features) -> (n,)``; by default by automatic differentiation, which needs a ``perturbation``
        made of operations that torch tensors have.
    longest : float, optional
        Longest lag; by default a quarter of the blocks from which the errors are estimated.

    Returns
    -------
    xarray.Dataset
        ``impulse`` and ``step`` with their standard errors from blocks, ``(observable, variable, lag)``;
        ``function_impulse``, … of functions, ``(function, lag)``, and ``density_impulse``, … of densities,
        ``(variable, bin, lag)``. The same of the quasi-Gaussian approximation ``s = −C⁻¹(x − m)`` as
        ``gaussian_impulse``, …. ``check_mean`` and ``check_start``: how many standard errors ``E[B]`` is from 0 and
        ``R(0)`` from ``E[u·∇a]``. The attribute ``verdict`` says in a sentence whether they agree, ``checks_pass`` as
        1 or 0.

    Raises
    ------
    ValueError
        For a perturbation or a score of another number of variables, a score of other data, and a path too short for
        its lags.

    References
    ----------
    arXiv:2402.01029 and arXiv:2504.13333.

    Examples
    --------
    >>> import numpy as np, kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=40, n_times=500, interval=0.1, seed=0)
    >>> system = kgmm.get_system("ornstein_uhlenbeck")
    >>> found = kgmm.response(path, system.score, np.array([1.0, 0.0]), longest=2.0)
    >>> bool(abs(found["impulse"].sel(observable="mean")[0, 0] - 1) < 0.2)
    True
    >>> found.attrs["checks_pass"]
    1
    """
    path = equal_members(as_path(path))
    values = path.values
    n_members, n_times, d = values.shape
    interval = time_step_of(path)
    flat = values.reshape(-1, d)
    _refuse_other_data(score, flat)
    n_lags = _number_of_lags(n_members, n_times, interval, longest)
    groups = groups_of(observables, flat, path["variable"].values)
    u, of_u = at_states(flat, perturbation, divergence)
    weights = np.stack([-(of_u + (u * s).sum(axis=1)) for s in (np.asarray(score(flat)), _gaussian_score(flat))])
    correlations = _Correlations(weights.reshape(2, n_members, n_times), n_lags)

    dataset = xr.Dataset(coords={"lag": interval * np.arange(n_lags)})
    for group in groups:
        dataset = dataset.assign_coords(group.coords)
        dataset = dataset.assign(_responses(group, flat, correlations, interval))
        if group.derivatives is not None:
            checks = [correlations.check(a, along(flat, u)) for a, along in zip(group.columns(flat), group.derivatives)]
            dataset[f"{group.prefix}check_start"] = (group.dims, np.reshape(checks, group.shape))
    dataset["check_mean"] = ((), correlations.check_mean())
    return dataset.assign_attrs(_verdict(dataset))


def _refuse_other_data(score, flat: np.ndarray) -> None:
    """``ValueError`` if a fitted score is of other variables than those of the path."""
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


def _number_of_lags(n_members: int, n_times: int, interval: float, longest: float | None) -> int:
    # Standard errors come from blocks, each of which must hold the longest lag twice.
    block_length = n_times if n_members >= BLOCKS else n_times // BLOCKS
    n_lags = (block_length // 4 if longest is None else round(longest / interval)) + 1
    if not _MIN_LAGS <= n_lags <= block_length // 2:
        raise ValueError(
            f"longest is {(n_lags - 1) * interval:g}: a path of {n_members} members, each {n_times * interval:g} long, "
            f"allows lags between {interval:g} and {max(0, block_length // 2 - 1) * interval:g}"
        )
    return n_lags


def _gaussian_score(flat: np.ndarray) -> np.ndarray:
    mean = flat.mean(axis=0)
    return -np.linalg.solve(np.atleast_2d(np.cov(flat.T)), (flat - mean).T).T


class _Correlations:
    """Correlations of observables with weights, in blocks of the path that may be taken as independent.

    Parameters
    ----------
    weights
        ``(n_weights, n_members, n_times)``.
    n_lags
        Number of lags.
    """

    def __init__(self, weights: np.ndarray, n_lags: int):
        _, self._n_members, self._n_times = weights.shape
        self._n_lags = n_lags
        self._blocks = _blocks(self._n_members, self._n_times)
        self._weights = weights
        longest = max(weights[:, *block].shape[2] for block in self._blocks)
        self._size = fft.next_fast_len(longest + n_lags, real=True)
        self._transforms = [np.conj(fft.rfft(weights[:, *block], self._size)) for block in self._blocks]

    def blocks_of(self, a: np.ndarray) -> np.ndarray:
        """``E[a(t + τ) B(t)]`` of an observable ``(n,)`` in every block, ``(n_weights, n_blocks, n_lags)``."""
        # The mean of B is zero: the mean of a adds noise only.
        a = (a - a.mean()).reshape(self._n_members, self._n_times)
        found = []
        for block, transform in zip(self._blocks, self._transforms):
            length = a[block].shape[1]
            product = (fft.rfft(a[block], self._size) * transform).mean(axis=1)
            found.append(fft.irfft(product, self._size)[:, : self._n_lags] / (length - np.arange(self._n_lags)))
        return np.stack(found, axis=1)

    def check(self, a: np.ndarray, derivative: np.ndarray) -> float:
        """How many standard errors ``E[aB]`` is from ``E[u·∇a]``, the first weight being ``B``."""
        return self._deviation((a - a.mean()) * self._weights[0].reshape(-1) - derivative)

    def check_mean(self) -> float:
        """How many standard errors the mean of the first weight is from zero."""
        return self._deviation(self._weights[0])

    def _deviation(self, difference: np.ndarray) -> float:
        difference = difference.reshape(self._n_members, self._n_times)
        means = np.array([difference[block].mean() for block in self._blocks])
        return float(means.mean() / max(means.std(ddof=1) / len(means) ** 0.5, 1e-300))


def _blocks(n_members: int, n_times: int) -> list[tuple]:
    """Slices of members, or of times where these are few, that may be taken as independent."""
    if n_members >= BLOCKS:
        edges = np.linspace(0, n_members, BLOCKS + 1).astype(int)
        return [(slice(a, b), slice(None)) for a, b in pairwise(edges)]
    edges = np.linspace(0, n_times, BLOCKS + 1).astype(int)
    return [(slice(None), slice(a, b)) for a, b in pairwise(edges)]


def _responses(group: Group, flat: np.ndarray, correlations: _Correlations, interval: float) -> dict:
    """Impulse and step responses of the observables of a group with their standard errors, by score and Gaussian."""
    dims = (*group.dims, "lag")
    impulses = np.stack([correlations.blocks_of(a) for a in group.columns(flat)], axis=1)
    variables = {}
    for prefix, of_weight in zip(("", "gaussian_"), impulses):
        for name, blocks in (("impulse", of_weight), ("step", cumulative_simpson(of_weight, dx=interval, initial=0.0))):
            error = blocks.std(axis=1, ddof=1) / blocks.shape[1] ** 0.5
            for suffix, result in (("", blocks.mean(axis=1)), ("_stderr", error)):
                shaped = result.reshape(*group.shape, -1)
                variables[f"{prefix}{group.prefix}{name}{suffix}"] = (dims, shaped)
    return variables


def _verdict(dataset: xr.Dataset) -> dict:
    """Whether the checks agree with an exact score, in one sentence."""
    checks = {("mean of the weight",): float(dataset["check_mean"])}
    for name in ("check_start", "function_check_start"):
        if name in dataset:
            series = dataset[name].to_series()
            labels = [index if isinstance(index, tuple) else (index,) for index in series.index]
            checks |= dict(zip(labels, series.to_numpy()))
    # Student's distribution, since the standard errors are those of a few blocks.
    allowed = float(stats.t.isf(_FALSE_ALARMS / (2 * len(checks)), BLOCKS - 1))
    worst = max(checks, key=lambda label: abs(checks[label]))
    value = abs(checks[worst])
    passed = bool(value <= allowed)
    start = "The checks agree with the score" if passed else "The checks contradict the score"
    limit = f"{allowed:.1f} are allowed"
    return {
        "checks_pass": int(passed),
        "verdict": f"{start}: the largest deviation is {value:.1f} standard errors ({' of '.join(worst)}), {limit}.",
    }
