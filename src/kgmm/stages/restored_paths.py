"""What is drawn against time of a record and of its model in the units of the file."""

from __future__ import annotations

import numpy as np
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.data.restoration import Restoration
from kgmm.data.restoring import places_of
from kgmm.statistics.file_units import BAND_LEVELS, restored_band

# Parts of the record that are drawn each by its smallest and largest value, and places from which a band is made.
_PARTS, _BAND_PLACES = 1500, 200_000
_STRETCH = 600
_YEARS_DRAWN = 80
# Years that dates on an axis can have.
_YEARS = (1, 9999)
_SECONDS = 86400.0


def record_to_draw(restoration: Restoration, samples: xr.DataArray, model: np.ndarray) -> dict[str, tuple]:
    """The first member, or all segments, and bands between quantiles of the model, at the times of the file.

    Parameters
    ----------
    restoration : Restoration
    samples : xarray.DataArray
        The stored record.
    model : ndarray of shape (n_members, n_times, n_features)
        The sample of the model, prepared.

    Returns
    -------
    dict
        ``record`` along ``record_time``, NaN in gaps, and ``band`` along ``band_time``.
    """
    places, values = _first_member(restoration, samples)
    at, drawn = _envelope(places, restoration.undo(values, places))
    along, band = _band(restoration, model, int(places[0]), int(places[-1]))
    return {
        "record_time": ("record_time", axis_of(restoration, at)),
        "record": (("record_time", "variable"), drawn),
        "band_time": ("band_time", axis_of(restoration, along)),
        "band": (("band_time", "band_level", "variable"), band),
    }


def whole_years(restoration: Restoration, n_places: int) -> bool:
    """Whether the band is drawn as its range over whole years: more of them could not be told apart."""
    return n_places > _YEARS_DRAWN * restoration.period


def _band(restoration: Restoration, model: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in the middle of parts of the record, and the range of the band over each, the mean of its median."""
    n_places = last - first + 1
    along = np.arange(first, last + 1, -(-n_places // _BAND_PLACES))
    n_parts = min(len(along), _PARTS)
    if whole_years(restoration, n_places):
        n_parts = min(n_parts, round(n_places / restoration.period))
    band = restored_band(restoration, model, along)
    reduce = [np.min if level < 0.5 else np.max if level > 0.5 else np.mean for level in BAND_LEVELS]
    parts = np.array_split(np.arange(len(along)), n_parts)
    reduced = [[of(band[part, j], axis=0) for j, of in enumerate(reduce)] for part in parts]
    middles = along[[part[len(part) // 2] for part in parts]]
    middles[0], middles[-1] = first, last
    return middles, np.array(reduced)


def stretch_to_draw(restoration: Restoration, samples: xr.DataArray, model_path: xr.DataArray) -> dict[str, tuple]:
    """The end of the longest segment, and a member of the model with the trend and season of the same times.

    Parameters
    ----------
    restoration, samples
        See :func:`record_to_draw`.
    model_path : xarray.DataArray
        A densely saved path of the model, prepared.

    Returns
    -------
    dict
        ``stretch_record`` and ``stretch_model`` along ``stretch_time``: every state of the record, or as many of them
        as the model was saved at.
    """
    places, values = _first_member(restoration, samples)
    longest = max(_without_gap(places), key=len)
    places, values = places[longest], values[longest]
    step, interval = time_step_of(samples), time_step_of(model_path)
    every = max(1, round(interval / step))
    of_model = int(model_path.sizes["time"] * interval // (every * step))
    number = max(1, min(_STRETCH, (len(places) - 1) // every + 1, of_model))
    first = len(places) - 1 - (number - 1) * every
    places, values = places[first::every], values[first::every]
    rows = np.round(every * step * np.arange(number) / interval).astype(int)
    model = model_path.values[0, np.minimum(rows, model_path.sizes["time"] - 1)].astype(float)
    return {
        "stretch_time": ("stretch_time", axis_of(restoration, places)),
        "stretch_record": (("stretch_time", "variable"), restoration.undo(values, places)),
        "stretch_model": (("stretch_time", "variable"), restoration.undo(model, places)),
    }


def axis_of(restoration: Restoration, places: np.ndarray) -> np.ndarray:
    """Where places are on an axis: dates in days since 1970, or years where an axis has none; NaN remains."""
    times = restoration.times(int(np.nanmax(places)) + 1)
    known = np.isfinite(places)
    at = times[np.where(known, places, 0).astype(int)]
    if times.dtype.kind == "f":
        return np.where(known, at, np.nan)
    year, share = _years(at)
    if not has_dates(times):
        return np.where(known, year + share, np.nan)
    # Dates of other calendars have the same share of their year.
    start, end = (np.array(years - 1970, dtype="datetime64[Y]").astype("datetime64[D]") for years in (year, year + 1))
    return np.where(known, start.astype(float) + share * (end - start).astype(float), np.nan)


def has_dates(times: np.ndarray) -> bool:
    """Whether an axis of these times can have dates."""
    if times.dtype.kind == "f":
        return False
    first, last = _years(times[[0, -1]])[0]
    return bool(first >= _YEARS[0] and last <= _YEARS[1])


def _years(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Years of dates, and the shares of the year that have passed."""
    if times.dtype.kind == "M":
        year = times.astype("datetime64[Y]")
        length = ((year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")) / np.timedelta64(1, "D")
        return year.astype(int) + 1970, (times - year) / np.timedelta64(1, "s") / (_SECONDS * length)
    year = np.array([time.year for time in times])
    length = np.array([360.0 if time.calendar == "360_day" else 365.0 for time in times])
    return year, np.array([time.dayofyr - 1 + time.hour / 24 for time in times]) / length


def _first_member(restoration: Restoration, samples: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Places and states of the first member, with all its segments."""
    values = samples.values[0].astype(float)
    known = ~np.isnan(values[:, 0])
    places, values = places_of(restoration, samples, samples.sizes["member"])[0][known], values[known]
    following = np.flatnonzero(np.diff(places) <= 0)  # segments of another member
    last = following[0] + 1 if following.size else len(places)
    return places[:last], values[:last]


def _without_gap(places: np.ndarray) -> list[np.ndarray]:
    """Numbers of the states of each stretch without a gap."""
    return np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) > 1) + 1)


def _envelope(places: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places and values to draw: all, or the smallest and the largest of many parts; NaN where a gap is."""
    width = max(1.0, len(places) / (2 * _PARTS))
    at, drawn = [], []
    for stretch in _without_gap(places):
        if width == 1.0:
            at.append(places[stretch].astype(float))
            drawn.append(values[stretch])
        else:
            parts = np.array_split(stretch, max(1, round(len(stretch) / width)))
            at.append(np.repeat([float(places[part[0]]) for part in parts], 2))
            drawn.append(np.array([of(values[part], axis=0) for part in parts for of in (np.min, np.max)]))
        at.append([np.nan])
        drawn.append(np.full((1, values.shape[1]), np.nan))
    return np.concatenate(at[:-1]), np.concatenate(drawn[:-1])
