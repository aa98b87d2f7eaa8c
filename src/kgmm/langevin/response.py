"""The response of a stationary system to a small forcing, from its unperturbed path and its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from scipy import stats
from scipy.integrate import cumulative_simpson

from kgmm.data.blocks import BLOCKS
from kgmm.data.paths import as_members, time_step_of
from kgmm.data.segments import runs, states_of
from kgmm.langevin.moment_identities import further_functions
from kgmm.langevin.observables import Group, Observable, groups_of
from kgmm.langevin.options import MOMENTS
from kgmm.langevin.other_data import refuse_other_data
from kgmm.langevin.perturbations import Perturbation
from kgmm.langevin.response_blocks import (
    BlockCorrelations,
    check,
    deviation,
    deviations_of_blocks,
    regressions,
    shortest_of_blocks,
)
from kgmm.langevin.response_weights import Weights, weights_of
from kgmm.langevin.symmetries import generated_group
from kgmm.score.model import ScoreModel

OBSERVABLES = ("mean", "variance")
_MIN_LAGS = 3
# Share of exact scores that the verdict refuses, all checks together.
_FALSE_ALARMS = 0.01


def response(
    path,
    score: ScoreModel | Callable[[np.ndarray], np.ndarray],
    perturbation: Perturbation,
    observables: Sequence[Observable] = OBSERVABLES,
    *,
    divergence: Callable[[np.ndarray], np.ndarray] | None = None,
    longest: float | None = None,
    moments: int = MOMENTS,
    symmetries: Sequence[np.ndarray] = (),
) -> xr.Dataset:
    """Response to a small change ``u(x)`` of the drift, by the generalised fluctuation–dissipation theorem.

    ``δE[a](t) = ∫ R(t − t') f(t') dt'`` for a forcing ``u(x) f(t)``, with ``R(τ) = E[a(x(t + τ)) B(x(t))]`` and
    ``B = −(∇·u + u·s)``. The theorem needs the score of all variables that have a memory of their own; with the score
    of a few observed ones it is exact at ``τ = 0`` only. The weight ``B`` of an estimated score is corrected so that
    the response at once, ``R(0) = E[u·∇a]``, is exact for all polynomials ``a`` of some degree
    (:mod:`kgmm.langevin.moment_identities`).

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
        ``∇·u``, ``(n, n_features) -> (n,)``; by default it is found by automatic differentiation, which needs a
        ``perturbation`` made of operations that torch tensors have.
    longest : float, optional
        Longest lag; by default a quarter of the blocks from which the errors are estimated.
    moments : int
        Degree of the polynomials by which the weight is corrected, a lower one where there are many variables or few
        states; 0 takes the score as it is.
    symmetries : sequence of array_like, each of shape (n_features, n_features)
        Signed permutations of the variables under which the law of the path is invariant, such as
        ``diag(−1, −1, 1)`` of Lorenz 63: the images of the path are used as data as well.

    Returns
    -------
    xarray.Dataset
        ``impulse`` and ``step`` with their standard errors from blocks, ``(observable, variable, lag)``;
        ``function_impulse``, … of functions, ``(function, lag)``, and ``density_impulse``, … of densities,
        ``(variable, bin, lag)``. The same of the quasi-Gaussian approximation ``s = −C⁻¹(x − m)`` as
        ``gaussian_impulse``, …. ``check_mean`` and ``check_start``: how many standard errors ``E[B]`` is from 0 and
        ``R(0)`` from ``E[u·∇a]`` with the score as it is; ``check_further``, ``(degree, variable)``, the second with
        the corrected weight for the next two powers of every variable, which took no part in its correction. The
        attribute ``correction`` is its size relative to the weight, root mean square; ``verdict`` says in a sentence
        whether the checks agree, those of the corrected weight where there is one, ``checks_pass`` as 1 or 0.

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
    path = as_members(path)
    lengths = [len(segment) for segment in runs(path.values)]
    interval = time_step_of(path)
    flat = states_of(path.values)
    refuse_other_data(score, flat)
    n_lags = _number_of_lags(lengths, interval, longest)
    weights = weights_of(flat, score, perturbation, divergence, generated_group(symmetries, flat.shape[1]), moments)
    groups = groups_of(observables, weights.everything, path["variable"].values)
    correlations, as_given = (
        [BlockCorrelations(np.reshape(w, (-1, len(flat))), lengths, n_lags) for w in of_images]
        for of_images in ([np.stack(pair) for pair in zip(weights.corrected, weights.gaussian)], weights.given)
    )
    dataset = xr.Dataset(coords={"lag": interval * np.arange(n_lags)})
    deviations = deviations_of_blocks(weights, correlations)
    for group in groups:
        dataset = dataset.assign_coords(group.coords)
        dataset = dataset.assign(_responses(group, weights, correlations, deviations, interval))
        if group.derivatives is not None:
            checks = [
                check(as_given, [a(x) for x in weights.images], list(map(along, weights.images, weights.u)))
                for a, along in zip(group.functions, group.derivatives)
            ]
            dataset[f"{group.prefix}check_start"] = (group.dims, np.reshape(checks, group.shape))
    dataset["check_mean"] = ((), deviation(as_given, weights.given))
    if weights.degree:
        dataset = dataset.assign_coords(variable=path["variable"].values).assign(_further(weights, correlations))
    return _with_verdict(dataset.assign_attrs(degree=weights.degree, correction=weights.correction))


def _further(weights: Weights, correlations: list[BlockCorrelations]) -> dict:
    """Checks of the corrected weights with the next two powers of every variable, ``(degree, variable)``."""
    degrees = [weights.degree + 1, weights.degree + 2]
    moments = weights.everything.mean(axis=0), weights.everything.std(axis=0)
    functions = zip(*(further_functions(x, u, *moments, weights.degree) for x, u in zip(weights.images, weights.u)))
    checks = {
        of_images[0][:2]: check(correlations, [a for *_, a, _ in of_images], [slope for *_, slope in of_images])
        for of_images in functions
    }
    table = [[checks[degree, k] for k in range(weights.everything.shape[1])] for degree in degrees]
    return {"degree": degrees, "check_further": (("degree", "variable"), table)}


def _number_of_lags(lengths: Sequence[int], interval: float, longest: float | None) -> int:
    # Standard errors come from blocks, each of which must hold the longest lag twice.
    block_length = shortest_of_blocks(lengths)
    n_lags = (block_length // 4 if longest is None else round(longest / interval)) + 1
    if not _MIN_LAGS <= n_lags <= block_length // 2:
        raise ValueError(
            f"longest is {(n_lags - 1) * interval:g}: a path of {len(lengths)} members, "
            f"{'each' if len(set(lengths)) == 1 else 'at most'} {max(lengths) * interval:g} long, allows lags between "
            f"{interval:g} and {max(0, block_length // 2 - 1) * interval:g}"
        )
    return n_lags


def _responses(
    group: Group,
    weights: Weights,
    correlations: list[BlockCorrelations],
    deviations: np.ndarray | None,
    interval: float,
) -> dict:
    """Impulse and step responses of the observables of a group with their standard errors, by score and Gaussian."""
    dims = (*group.dims, "lag")
    impulses = []
    for values in zip(*(group.columns(x) for x in weights.images)):
        mean = np.mean(values)  # that of B is zero: it adds noise only
        blocks = np.mean([c.blocks_of(a - mean) for c, a in zip(correlations, values)], axis=0)
        if deviations is not None:
            blocks[0] += deviations @ regressions(weights, correlations, [a - mean for a in values])
        impulses.append(blocks)
    impulses = np.stack(impulses, axis=1)
    variables = {}
    for prefix, of_weight in zip(("", "gaussian_"), impulses):
        for name, blocks in (("impulse", of_weight), ("step", cumulative_simpson(of_weight, dx=interval, initial=0.0))):
            error = blocks.std(axis=1, ddof=1) / blocks.shape[1] ** 0.5
            for suffix, result in (("", blocks.mean(axis=1)), ("_stderr", error)):
                shaped = result.reshape(*group.shape, -1)
                variables[f"{prefix}{group.prefix}{name}{suffix}"] = (dims, shaped)
    return variables


def _with_verdict(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with a sentence that says whether the checks agree with an exact score."""
    passed, worst = _judged(dataset, ("check_start", "function_check_start"), float(dataset["check_mean"]))
    name, without = "score", ""
    if dataset.attrs["degree"]:
        size = f"{100 * dataset.attrs['correction']:.2g} % of the weight"
        name = "corrected score"
        moments = f"moments up to degree {dataset.attrs['degree']}"
        without = f" The correction, by {moments}, is {size}; before it the largest deviation was {worst}."
        passed, worst = _judged(dataset, ("check_further",))
    verdict = f"The checks {'agree with' if passed else 'contradict'} the {name}: the largest deviation is {worst}."
    return dataset.assign_attrs(checks_pass=int(passed), verdict=verdict + without)


def _judged(dataset: xr.Dataset, names: Sequence[str], mean: float | None = None) -> tuple[bool, str]:
    """Whether the largest deviation is one that an exact score may have, and what it is."""
    checks = {} if mean is None else {("mean of the weight",): mean}
    for name in names:
        if name in dataset:
            series = dataset[name].to_series()
            labels = [index if isinstance(index, tuple) else (index,) for index in series.index]
            checks |= dict(zip(labels, series.to_numpy()))
    # Student's distribution, since the standard errors are those of a few blocks.
    allowed = float(stats.t.isf(_FALSE_ALARMS / (2 * len(checks)), BLOCKS - 1))
    worst = max(checks, key=lambda label: abs(checks[label]))
    value = abs(checks[worst])
    label = " of ".join(f"degree {part}" if isinstance(part, (int, np.integer)) else part for part in worst)
    return bool(value <= allowed), f"{value:.1f} standard errors ({label}), {allowed:.1f} are allowed"
