"""What makes data hard for an estimate of their score, found before the fit, each with a remedy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgmm.data.missing_codes import is_usual_code
from kgmm.data.paths import states
from kgmm.data.samples import pieces_of
from kgmm.statistics.diagnosis_of_order import filled_in
from kgmm.statistics.diagnosis_of_pairs import circles_among, collinear
from kgmm.statistics.findings import Finding, option

_MAX_ROWS = 200_000
_NORMAL_IQR = 1.349  # interquartile range of a normal variable, in deviations
# A repeated extreme value so many interquartile ranges away from its neighbour marks missing data.
_GAP_OF_SENTINEL, _MIN_REPEATS = 5.0, 3
# Share of one value, and number of times that of the next value, from which it is an atom.
_ATOM, _ATOM_RATIO = 0.005, 5.0
# Hill's estimate from the largest hundredth of the distances from the median.
_TAIL_SHARE, _MIN_TAIL_INDEX = 0.01, 4.0
_MAX_SPREAD = 1.8  # deviation over that of a normal variable with the same quartiles
# Density next to the outermost sample, relative to the mean density: a density that goes to zero has less.
_EDGE_WIDTH, _EDGE_DENSITY = 0.05, 0.25
_MIN_VISITS = 20  # to a tail or an edge
_DEFAULT_SIGMA = 0.05
_MAX_BLUR = 0.02  # Kolmogorov–Smirnov distance of the blurred variable from the variable
_BLOCKS, _MAX_BLOCK_VARIANCE = 10, 0.25
_MAX_DRIFT = 5.0


class DataWarning(UserWarning):
    """A finding of :func:`diagnose`, as a warning.

    Examples
    --------
    >>> issubclass(DataWarning, UserWarning)
    True
    """


def diagnose(X: np.ndarray, sigma: float | None = None, names: Sequence[str] | None = None) -> tuple[Finding, ...]:
    """Finds what makes samples hard for an estimate of their score.

    It looks for codes of missing values, single values with a probability of their own, a coarse resolution, tails that
    leave the standard deviation undefined or unlike that of the bulk, edges where the density does not vanish,
    structure finer than the noise amplitude, variables that are combinations of others or lie on a circle, levels that
    drift, and states that were filled in.

    Parameters
    ----------
    X : array_like or Samples
        ``(n_samples, n_features)``, in the order of time if they have one; or a path as
        :func:`kgmm.data.paths.as_path` takes it. Of more than 200 000 samples only a part is looked at.
    sigma : float, optional
        Noise amplitude in standard deviations; 0.05 by default.
    names : sequence of str, optional
        Names of the variables; by default those of the path, or ``x1, x2, …``.

    Returns
    -------
    tuple of Finding
        Empty if nothing was found.

    References
    ----------
    Hill, B. M., "A simple general approach to inference about the tail of a distribution", Ann. Stat. 3, 1163 (1975).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((5000, 1))
    >>> diagnose(x)
    ()
    >>> x[::20] = -9999.0
    >>> diagnose(x)[0].said
    'x1 has the value -9999 250 times, far from all others'
    """
    if names is None and hasattr(X, "coords") and "variable" in X.coords:
        names = X["variable"].values
    if hasattr(X, "dims") or not hasattr(X, "shape") or len(X.shape) != 2:
        X = states(X)
    every = -(-X.shape[0] // _MAX_ROWS)
    in_order = next(pieces_of(X))[1][:_MAX_ROWS].astype(float)
    # Converted at once: a slice would keep its whole piece, and with it all of the data, in memory.
    X = np.concatenate([piece[-start % every :: every].astype(float) for start, piece in pieces_of(X)])
    sigma = _DEFAULT_SIGMA if sigma is None else sigma
    names = [f"x{k + 1}" for k in range(X.shape[1])] if names is None else [str(name) for name in names]
    circles = circles_among(X, names)
    # What one variable of a circle has at its ends is no edge of its own.
    on_circle = {name for circle in circles for name in circle.variable.split(",")}
    findings = []
    for name, x in zip(names, X.T):
        findings += [one for one in _of_variable(name, x, sigma) if one.kind != "edge" or name not in on_circle]
    # Values that occur often follow each other too.
    repeating = {finding.variable for finding in findings if finding.kind in ("missing", "atom", "resolution")}
    filled = [filled_in(name, x) for name, x in zip(names, in_order.T) if name not in repeating]
    findings += [finding for finding in filled if finding is not None]
    return (*findings, *circles, *collinear(X, names, sigma))


def _of_variable(name: str, x: np.ndarray, sigma: float) -> list[Finding]:
    ordered = np.sort(x)
    if ordered[0] == ordered[-1]:  # a constant, which the fit refuses
        return []
    missing = _missing(name, ordered)
    if missing is not None:  # everything else would be about the code
        return [missing]
    # An atom or a coarse resolution is an edge too, and each of the three is blurred.
    found = [_atom_or_resolution(name, ordered, sigma) or _edge(name, x), _tail(name, x)]
    if not any(found):
        found.append(_blur(name, ordered, sigma))
    return [finding for finding in (*found, _drift(name, x)) if finding is not None]


def _missing(name: str, ordered: np.ndarray) -> Finding | None:
    quartiles = np.quantile(ordered, [0.25, 0.75])
    spread = max(quartiles[1] - quartiles[0], 1e-300)
    for end in (ordered, ordered[::-1]):
        count = int((end == end[0]).sum())
        if count == end.size or abs(end[count] - end[0]) <= _GAP_OF_SENTINEL * spread:
            continue
        # Any number that occurs once or twice can be a measurement, -999 far below the range of all others is none.
        is_usual = is_usual_code(end[0]) and abs(end[count] - end[0]) > abs(end[-1] - end[count])
        if count >= _MIN_REPEATS or is_usual:
            times = {1: "once", 2: "twice"}.get(count, f"{count} times")
            said = f"{name} has the value {end[0]:g} {times}, far from all others"
            remedy = f"if it stands for missing data, give missing=[{end[0]:g}] to kgmm.read, or --missing {end[0]:g}"
            return Finding("missing", name, said, remedy)
    return None


def _atom_or_resolution(name: str, ordered: np.ndarray, sigma: float) -> Finding | None:
    values, counts = np.unique(ordered, return_counts=True)
    if values.size < 2:
        return None
    most = int(counts.argmax())
    share = counts[most] / ordered.size
    others = np.delete(counts, most)
    repeated = ordered.size / values.size
    if share > _ATOM and counts[most] > _ATOM_RATIO * np.quantile(others, 0.99):
        said = f"{100 * share:.2g} % of {name} have the one value {values[most]:g}"
        return Finding("atom", name, said, "a density has no such values; cut them, or model when they occur by itself")
    step = float(np.median(np.diff(values)))
    deviation = ordered.std()
    if repeated > 2 and step > sigma * deviation:
        said = f"{name} has {values.size} different values, {step / deviation:.2g} standard deviations apart"
        jitter = option("jitter", f"{step:.3g}")
        remedy = f"take σ of at least {step / deviation:.1g}, or add noise within the resolution: {jitter}"
        return Finding("resolution", name, said, remedy)
    return None


def _tail(name: str, x: np.ndarray) -> Finding | None:
    lower, middle, upper = np.quantile(x, [0.25, 0.5, 0.75])
    if upper == lower:
        return None
    spread = x.std() / ((upper - lower) / _NORMAL_IQR)
    distance = np.abs(x - middle)
    threshold = np.quantile(distance, 1.0 - _TAIL_SHARE)
    beyond = distance > threshold
    n_visits = _visits(beyond)
    kind = "log" if x.min() > 0 and x.mean() > middle else "asinh"
    remedy = f"model a transformed variable: {option('transform', f'{name}={kind}')}"
    if n_visits >= _MIN_VISITS and threshold > 0:
        index = 1.0 / max(float(np.mean(np.log(distance[beyond] / threshold))), 1e-12)
        if index * (1.0 + n_visits**-0.5) < _MIN_TAIL_INDEX:
            said = f"the tails of {name} fall like a power, P(|x| > r) ~ r^-{index:.1f}"
            return Finding("tail", name, said + f", and its deviation is {spread:.1f} times that of its bulk", remedy)
    if spread > _MAX_SPREAD:
        said = f"the standard deviation of {name} is {spread:.1f} times that of a normal variable with its quartiles"
        return Finding("tail", name, said, f"{remedy}, or take a smaller σ")
    return None


def _edge(name: str, x: np.ndarray) -> Finding | None:
    deviation, smallest, largest = x.std(), x.min(), x.max()
    # A density of this height over the whole range would be uniform.
    mean_share = _EDGE_WIDTH * deviation / (largest - smallest)
    found = {}
    for value, distance, what in ((smallest, x - smallest, "smallest"), (largest, largest - x, "largest")):
        near = distance <= _EDGE_WIDTH * deviation
        if _visits(near) >= _MIN_VISITS and near.mean() > _EDGE_DENSITY * mean_share:
            found[what] = f"{near.sum()} samples within {_EDGE_WIDTH} deviations of its {what} value {value:.3g}"
    if not found:
        return None
    low, high = _just_beyond(smallest, -deviation), _just_beyond(largest, deviation)
    one_edge = "largest" not in found
    kind = f"log:{low:.4g}" if one_edge else f"logit:{low:.4g}:{high:.4g}"
    mirrored = f"; where the density is flat at it, mirror it there by {name}=reflect:{low:.4g}" if one_edge else ""
    remedy = (
        "a model crosses such an edge; move it to infinity by a transform with the edge just beyond the data: "
        f"{option('transform', f'{name}={kind}')}{mirrored}"
    )
    return Finding("edge", name, f"{name} has {' and '.join(found.values())}", remedy)


def _just_beyond(value: float, deviation: float) -> float:
    """An edge that all values are inside of: 0, 1 or 100 if one of them is as near as the density can tell."""
    for edge in (0.0, 1.0, 100.0):
        if 0 < (edge - value) / deviation <= _EDGE_WIDTH:
            return edge
    return value + 0.01 * deviation


def _visits(inside: np.ndarray) -> int:
    """How often a series enters a set: its samples there come in runs, which are nearly independent."""
    return int(inside[0]) + int((inside[1:] & ~inside[:-1]).sum())


def _blur(name: str, ordered: np.ndarray, sigma: float) -> Finding | None:
    from scipy.stats import ks_2samp

    noise = np.random.default_rng(0).standard_normal(ordered.size)
    blurred = np.sort(ordered + sigma * ordered.std() * noise)
    distance = float(ks_2samp(ordered, blurred, method="asymp").statistic)
    # Of two independent samples of one law; the blurred sample is nearer.
    if distance > _MAX_BLUR + 1.0 / ordered.size**0.5:
        said = f"noise of σ = {sigma:g} changes the distribution function of {name} by {distance:.2g}"
        return Finding("blur", name, said, "take a smaller σ")
    return None


def _drift(name: str, x: np.ndarray) -> Finding | None:
    """Whether slow changes hold much of the variance: a trend, a random walk, or few decorrelation times."""
    blocks = np.array_split(x, _BLOCKS)
    means = np.array([block.mean() for block in blocks])
    share = means.var(ddof=1) / max(x.var(), 1e-300)
    noise = np.mean([block.var() for block in blocks]) / len(blocks[0]) / max(x.var(), 1e-300)
    if share > max(_MAX_BLOCK_VARIANCE, _MAX_DRIFT * noise):
        said = f"means of tenths of {name} hold {100 * min(share, 1.0):.0f} % of its variance"
        remedy = "it is not stationary or too short; take away its trend, take increments, or use a longer record"
        return Finding("drift", name, said, remedy)
    return None
