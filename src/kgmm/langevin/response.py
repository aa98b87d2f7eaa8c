"""The response of a stationary system to a small forcing, from its unperturbed path and its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from kgmm.data.blocks import BLOCKS
from kgmm.data.paths import as_path, equal_members, time_step_of
from kgmm.score.model import ScoreModel

Perturbation = np.ndarray | Callable[[np.ndarray], np.ndarray]
OBSERVABLES = ("mean", "variance")
_MIN_LAGS = 2


def response(
    path,
    score: ScoreModel | Callable[[np.ndarray], np.ndarray],
    perturbation: Perturbation,
    observables: Sequence[str] = OBSERVABLES,
    *,
    divergence: Callable[[np.ndarray], np.ndarray] | None = None,
    longest: float | None = None,
) -> xr.Dataset:
    """Response to a small change ``u(x)`` of the drift, by the generalised fluctuation–dissipation theorem.

    ``δE[a](t) = ∫ R(t − t') f(t') dt'`` for a forcing ``u(x) f(t)``, with ``R(τ) = E[a(x(t + τ)) B(x(t))]`` and
    ``B = −(∇·u + u·s)``.

    Parameters
    ----------
    path : array_like
        A densely saved path, see :func:`kgmm.data.paths.as_path`.
    score : ScoreModel or callable
        The score of its stationary density, ``(n, n_features) -> (n, n_features)``.
    perturbation : array_like or callable
        A constant vector ``(n_features,)``, or ``u(x)``, ``(n, n_features) -> (n, n_features)``, in units of the
        path per time.
    observables : sequence of str
        ``"mean"`` and ``"variance"`` of every variable.
    divergence : callable, optional
        ``∇·u``, ``(n, n_features) -> (n,)``; needed if ``perturbation`` is a function.
    longest : float, optional
        Longest lag; by default a quarter of the blocks from which the errors are estimated.

    Returns
    -------
    xarray.Dataset
        ``impulse`` and ``step`` with their standard errors from blocks, ``(observable, variable, lag)``; the same of
        the quasi-Gaussian approximation ``s = −C⁻¹(x − m)`` as ``gaussian_impulse`` and ``gaussian_step``;
        ``check_mean`` and ``check_start``, how many standard errors ``E[B]`` is from 0 and ``R(0)`` from ``E[u·∇a]``.

    Raises
    ------
    ValueError
        For a perturbation or a score of another number of variables, and a path too short for its lags.

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
    """
    path = equal_members(as_path(path))
    values = path.values
    n_members, n_times, d = values.shape
    interval = time_step_of(path)
    unknown = set(observables) - set(OBSERVABLES)
    if unknown:
        raise ValueError(f"observables holds {sorted(unknown)[0]!r}: known are {', '.join(OBSERVABLES)}")
    own = getattr(getattr(score, "standardization", None), "scale", None)
    if own is not None and own.size != d:
        raise ValueError(f"the score is of {own.size} variables: the path has {d}")
    # Standard errors come from blocks, each of which must hold the longest lag.
    block_length = n_times if n_members >= BLOCKS else n_times // BLOCKS
    n_lags = (block_length // 4 if longest is None else round(longest / interval)) + 1
    if not _MIN_LAGS <= n_lags <= block_length // 2:
        raise ValueError(
            f"longest is {(n_lags - 1) * interval:g}: a path of {n_members} members, each {n_times * interval:g} long, "
            f"allows lags between {interval:g} and {max(0, block_length // 2 - 1) * interval:g}"
        )
    flat = values.reshape(-1, d)
    u, of_u = _perturbation(flat, perturbation, divergence)
    mean = flat.mean(axis=0)
    gaussian = -np.linalg.solve(np.atleast_2d(np.cov(flat.T)), (flat - mean).T).T
    weights = {"": -(of_u + (u * score(flat)).sum(axis=1)), "gaussian_": -(of_u + (u * gaussian).sum(axis=1))}
    functions = {"mean": values - mean, "variance": (values - mean) ** 2}
    starts = {"mean": u.mean(axis=0), "variance": (2 * (flat - mean) * u).mean(axis=0)}

    lags = interval * np.arange(n_lags)
    variables = {}
    blocks = _blocks(n_members, n_times)
    checks = []
    for prefix, weight in weights.items():
        weight = weight.reshape(n_members, n_times)
        impulses, errors, steps, step_errors = [], [], [], []
        for name in observables:
            sums = np.stack([_correlated(functions[name][block], weight[block], n_lags) for block in blocks])
            total, parts = _with_parts(sums)
            stepped, step_parts = (_integral(x, interval) for x in (total, parts))
            impulses.append(total.T)
            errors.append(_stderr(parts).T)
            steps.append(stepped.T)
            step_errors.append(_stderr(step_parts).T)
            if not prefix:
                checks.append((total[0] - starts[name]) / np.maximum(errors[-1][:, 0], 1e-300))
        dims = ("observable", "variable", "lag")
        found = {"impulse": impulses, "impulse_stderr": errors, "step": steps, "step_stderr": step_errors}
        variables |= {f"{prefix}{name}": (dims, np.array(value)) for name, value in found.items()}
    weight = weights[""].reshape(n_members, n_times)
    block_means = np.array([weight[block].mean() for block in blocks])
    variables["check_mean"] = ((), float(weight.mean() / (block_means.std(ddof=1) / len(blocks) ** 0.5)))
    variables["check_start"] = (("observable", "variable"), np.array(checks))
    coords = {"observable": list(observables), "variable": path["variable"].values, "lag": lags}
    return xr.Dataset(variables, coords=coords)


def _perturbation(x: np.ndarray, perturbation: Perturbation, divergence) -> tuple[np.ndarray, np.ndarray]:
    """``u`` and ``∇·u`` at the states."""
    if callable(perturbation):
        if divergence is None:
            raise ValueError("perturbation is a function: its divergence is needed too")
        u, of_u = np.asarray(perturbation(x)), np.asarray(divergence(x))
        if u.shape != x.shape or of_u.shape != x.shape[:1]:
            raise ValueError(f"perturbation and divergence give {u.shape} and {of_u.shape} at states {x.shape}")
        return u, of_u
    u = np.asarray(perturbation, dtype=float)
    if u.shape != x.shape[1:]:
        raise ValueError(f"perturbation has shape {u.shape}: {x.shape[1:]} is expected, one entry for each variable")
    return np.broadcast_to(u, x.shape), np.zeros(len(x))


def _blocks(n_members: int, n_times: int) -> list[tuple]:
    """Slices of members, or of times where these are few, that may be taken as independent."""
    if n_members >= BLOCKS:
        edges = np.linspace(0, n_members, BLOCKS + 1).astype(int)
        return [(slice(a, b), slice(None)) for a, b in pairwise(edges)]
    edges = np.linspace(0, n_times, BLOCKS + 1).astype(int)
    return [(slice(None), slice(a, b)) for a, b in pairwise(edges)]


def _correlated(values: np.ndarray, weight: np.ndarray, n_lags: int) -> np.ndarray:
    """``E[a(x(t + τ)) B(x(t))]`` of one block, ``(n_lags, n_features)``, by fast Fourier transform."""
    n_times = values.shape[1]
    size = 1 << int(np.ceil(np.log2(n_times + n_lags)))
    of_weight = np.conj(np.fft.rfft(weight, size, axis=1))[:, :, None]
    product = np.fft.irfft(np.fft.rfft(values, size, axis=1) * of_weight, size, axis=1)[:, :n_lags].mean(axis=0)
    return product / (n_times - np.arange(n_lags))[:, None]


def _with_parts(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over blocks, and the means without each of them."""
    total = sums.mean(axis=0)
    return total, (len(sums) * total - sums) / (len(sums) - 1)


def _integral(values: np.ndarray, interval: float) -> np.ndarray:
    """Cumulative trapezoidal integral over the second last axis."""
    steps = 0.5 * interval * (values[..., 1:, :] + values[..., :-1, :])
    return np.concatenate([np.zeros_like(values[..., :1, :]), np.cumsum(steps, axis=-2)], axis=-2)


def _stderr(parts: np.ndarray) -> np.ndarray:
    n = len(parts)
    return np.sqrt((n - 1) / n * np.square(parts - parts.mean(axis=0)).sum(axis=0))
