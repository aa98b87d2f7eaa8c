"""A prepared series and a sample of its model in the units of the file: quantiles, densities, and bands in time."""

from __future__ import annotations

import numpy as np

from kgmm.data.blocks import BLOCKS
from kgmm.data.restoration import Restoration
from kgmm.data.transforms import Transform
from kgmm.statistics.densities import bandwidths, kernel_density
from kgmm.statistics.quantiles import LEVELS, quantile

# Quantiles of the model that a band in time is drawn between.
BAND_LEVELS = (0.01, 0.05, 0.5, 0.95, 0.99)
_CENTRAL = (2e-3, 1 - 2e-3)
_CURVE_POINTS, _KERNEL_POINTS, _PLACES = 200, 1000, 4000
_MAX_BINS = 60
# States from which standard errors are estimated: enough for errors of errors of a few percent.
_MAX_STATES = 300_000


def at_places(model: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places for the states of a stationary sample ``(n_members, n_times, n_features)``, as often as in a record.

    Parameters
    ----------
    model : ndarray
    places : ndarray of shape (n,)
        Those of the record.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_members, n_times)
        Evenly spread over the record, in random order.
    """
    return rng.permutation(_spread(places, model.shape[0] * model.shape[1], rng)).reshape(model.shape[:2])


def _spread(places: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """So many of the places, one anywhere in each of as many parts: equal steps could meet a season always alike."""
    return places[((np.arange(number) + rng.random(number)) * len(places) / number).astype(int)]


def restored_quantiles(
    restoration: Restoration, states: np.ndarray, places: np.ndarray, model: np.ndarray
) -> dict[str, tuple]:
    """Quantiles of record and model in the units of the file, with standard errors.

    Parameters
    ----------
    restoration : Restoration
    states : ndarray of shape (n, n_features)
        The prepared record.
    places : ndarray of shape (n,)
        Its places in time.
    model : ndarray of shape (n_members, n_times, n_variables)
        The sample of the model, in the units of the file.

    Returns
    -------
    dict
        ``quantile_record``, ``quantile_model`` and their ``…_stderr``, dimensions ``(variable, level)``.

    Notes
    -----
    Those of the record are from what of the shares below a quantile in 20 blocks trend and season do not explain: in
    a block with share ``F(q − m(t))`` expected on average, ``F`` being the distribution of the prepared variable and
    ``m`` what was subtracted. Trend and season themselves are taken as they were estimated. Of variables that are
    mirrored or angles nothing was subtracted.
    """
    record = restoration.undo(states, places)
    n_variables = record.shape[1]
    step = -(-len(states) // _MAX_STATES)
    shares = _unexplained_shares(
        restoration, states[::step], record[::step], places[::step], np.quantile(record, LEVELS, axis=0)
    )
    found = {
        name: np.empty((n_variables, len(LEVELS))) for name in ("record", "model", "record_stderr", "model_stderr")
    }
    for k in range(n_variables):
        for j, level in enumerate(LEVELS):
            found["record"][k, j] = np.quantile(record[:, k], level)
            found["record_stderr"][k, j] = shares[j, k] / _slope(record[:, k], level)
            found["model"][k, j], found["model_stderr"][k, j] = quantile(model[:, :, k], level)
    return {f"quantile_{name}": (("variable", "level"), values) for name, values in found.items()}


def _unexplained_shares(
    restoration: Restoration, states: np.ndarray, record: np.ndarray, places: np.ndarray, quantiles: np.ndarray
) -> np.ndarray:
    """Standard errors of the shares below quantiles ``(n_levels, n_variables)``, of the same shape."""
    n, n_variables = len(states), quantiles.shape[1]
    errors = np.empty_like(quantiles)
    ordered = np.sort(states[:, :n_variables], axis=0)
    for j, value in enumerate(quantiles):
        thresholds = restoration.redo(np.broadcast_to(value, (n, n_variables)), places)
        for k in range(n_variables):
            # Beyond an edge of a transform there is no state.
            expected = np.searchsorted(ordered[:, k], thresholds[:, k], side="right") / n
            excess = (states[:, k] <= thresholds[:, k]) - expected
            if k in restoration.folded:
                excess = (record[:, k] <= value[k]).astype(float)
            means = np.array([block.mean() for block in np.array_split(excess, BLOCKS)])
            errors[j, k] = means.std(ddof=1) / BLOCKS**0.5
    return errors


def _slope(values: np.ndarray, level: float) -> float:
    """Density of values near their quantile."""
    step = 0.5 * min(level, 1 - level)
    low, high = np.quantile(values, [level - step, level + step])
    return 2 * step / max(float(high - low), 1e-300)


def restored_densities(
    restoration: Restoration, states: np.ndarray, places: np.ndarray, model: np.ndarray
) -> dict[str, tuple]:
    """Densities of record, by bins, and model, as a curve, in the units of the file.

    ``p(x) = ⟨q(g(x) − m(t)) g′(x)⟩``, ``q`` being the density of the prepared variable of the model, ``g`` what is done
    to the variable at all times alike, ``m`` its trend and season, and the mean one over the times of the record.

    Parameters
    ----------
    restoration, states, places
        See :func:`restored_quantiles`.
    model : ndarray of shape (n_members, n_times, n_features)
        The sample of the model, prepared.

    Returns
    -------
    dict
        ``density_record`` at ``bin_center``, dimensions ``(variable, bin)``, and ``density_model`` at ``curve_point``,
        dimensions ``(variable, curve)``.
    """
    record = restoration.undo(states, places)
    n_variables = record.shape[1]
    n_bins = int(min(_MAX_BINS, round(2 * len(record) ** (1 / 3))))
    edges = np.linspace(*np.quantile(record, _CENTRAL, axis=0), n_bins + 1)
    counts = [np.histogram(record[:, k], edges[:, k])[0] for k in range(n_variables)]
    density = np.array(counts) / (np.diff(edges, axis=0).T * len(record))
    points = np.linspace(edges[0], edges[-1], _CURVE_POINTS)
    some = _spread(places, _PLACES, np.random.default_rng(0))
    prepared = restoration.redo(np.broadcast_to(points[:, None], (_CURVE_POINTS, len(some), n_variables)), some)
    slope = restoration.slope(points)
    curves = np.empty((n_variables, _CURVE_POINTS))
    folded = restoration.folded
    of_model = _at_no_time(restoration, model) if folded else np.empty(0)
    for k in range(n_variables):
        if k in folded:
            curves[k] = _folded_density(folded[k], of_model[:, k], points[:, k])
            continue
        y = model[:, :, k].reshape(-1, 1)
        at = np.linspace(float(y.min()), float(y.max()), _KERNEL_POINTS)
        known = np.interp(prepared[..., k], at, kernel_density(y, at[:, None]), left=0.0, right=0.0)
        curves[k] = np.where(np.isfinite(slope[:, k]), np.nan_to_num(known).mean(axis=1) * slope[:, k], 0.0)
    return {
        "bin_center": (("variable", "bin"), (0.5 * (edges[1:] + edges[:-1])).T),
        "density_record": (("variable", "bin"), density),
        "curve_point": (("variable", "curve"), points.T),
        "density_model": (("variable", "curve"), curves),
    }


def restored_band(restoration: Restoration, model: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Quantiles of the model at places in time, in the units of the file, ``(n_places, n_levels, n_variables)``.

    The law of a stationary model does not change: its quantiles follow trend and season.

    Parameters
    ----------
    restoration : Restoration
    model : ndarray of shape (n_members, n_times, n_features)
        The sample of the model, prepared.
    places : ndarray of shape (n_places,)
    """
    levels = np.quantile(model.reshape(-1, model.shape[2]), BAND_LEVELS, axis=0)
    everywhere = np.broadcast_to(levels[:, None], (len(levels), len(places), model.shape[2]))
    band = restoration.undo(everywhere, places)
    if restoration.folded:  # no function of them keeps the order
        constant = np.quantile(_at_no_time(restoration, model), BAND_LEVELS, axis=0)
        for k in restoration.folded:
            band[..., k] = constant[:, k, None]
    return band.swapaxes(0, 1)


def _at_no_time(restoration: Restoration, model: np.ndarray) -> np.ndarray:
    """States of a model ``(n, n_variables)`` in the units of the file, for variables that do not depend on time."""
    flat = model.reshape(-1, model.shape[2]).astype(float)
    return restoration.undo(flat, np.zeros(len(flat), dtype=int))


def _folded_density(function: Transform, x: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Density of values at points, both in the units of the file, without loss at an edge or the ends of a period."""
    y, times = function(x), 1
    h = bandwidths(y[:, None])
    if function.mirrors:
        y, times = np.concatenate([y, -y]), 2
    if function.on_ring:
        y, times = np.concatenate([y - 2 * np.pi, y, y + 2 * np.pi]), 3 * times
    return times * kernel_density(y[:, None], function(points)[:, None], h) * np.abs(function.slope(points))
