"""Whether a Langevin model can be used: its statistics beside those of the data, with floors, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.observation import BLOCKS
from kgmm.data.paths import as_members, time_step_of
from kgmm.data.segments import SEGMENTS, states_of, without_gaps
from kgmm.randomness import Seed
from kgmm.statistics.autocorrelation import BlockedAutocorrelation, compare_autocorrelations
from kgmm.statistics.autocorrelation_floors import (
    needed_of_segments,
    states_for_autocorrelations,
    with_autocorrelation_floors,
)
from kgmm.statistics.comparison import compare
from kgmm.statistics.findings import summaries
from kgmm.statistics.halves import PIECES, halves_of_members, interleaved_halves
from kgmm.statistics.joint import compare_joint
from kgmm.statistics.quantiles import quantile_errors, wrong_quantiles
from kgmm.statistics.verdict import Verdict, findings_of, limits_of_data, score_error

if TYPE_CHECKING:
    from kgmm.langevin.model import LangevinModel

_MEMBERS = 200
_BURN_IN, _LENGTH = 5.0, 25.0  # decorrelation times
_MAX_STEPS = 20_000


@dataclass(frozen=True)
class Validation:
    """What :func:`validate` found.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per statistic and variable: ``value``, ``stderr``, ``data_value``, and ``floor``, the same statistic
        between two halves of the data. Of statistics that have a ``data_value`` it is the difference of the halves, of
        quantiles the quantile of the other half.
    sample : xarray.DataArray
        The sample of the model, dimensions ``(member, time, variable)``.
    verdict : Verdict
        What the model can be used for, and what limits it; one sentence when printed.

    Examples
    --------
    >>> Validation(pd.DataFrame(), xr.DataArray(), Verdict(("densities",), (), (), ()))
    Validation('The model can be used for densities, which are within their floors.', 0 statistics)
    """

    table: pd.DataFrame
    sample: xr.DataArray
    verdict: Verdict

    def __repr__(self) -> str:
        return f"Validation({str(self.verdict)!r}, {len(self.table)} statistics)"


def validate(model: LangevinModel, path, *, random_state: Seed = 0) -> Validation:
    """Compares a sample of a Langevin model with data.

    The floor of a statistic is its value between two halves of the data: 40 pieces are assigned to them in turn for
    densities; for autocorrelations every other member is taken, or the halves of each where there are fewer than ten.
    What a model may be used for is decided by
    :data:`kgmm.statistics.criteria.CRITERIA`: relative entropies below 0.02 or three errors, correlations within 0.1 or
    three errors, sliced Wasserstein distances below 0.05 or two errors and total variations below 0.05 or 1.5 errors,
    autocorrelations within 0.1 or three errors over five decorrelation times, quantiles at 0.1 and 99.9 % within three.
    The error is the floor or the standard error, whichever is larger; where it is too large for a wrong model to be
    seen, the statistic lets no model pass. The data must be 50 decorrelation times long and saved three times in each,
    and their two halves must agree in mean and deviation within four standard errors.

    Parameters
    ----------
    model : LangevinModel
        The model, in the units of the path.
    path : array_like
        The data, see :func:`kgmm.data.paths.as_path`.
    random_state : int or numpy.random.SeedSequence
        Seed of the sample.

    Returns
    -------
    Validation
        ``validation.table``, ``validation.sample``, ``validation.verdict``.

    Raises
    ------
    ValueError
        If the path has another number of variables, or is too short for any comparison.
    ScientificFailure
        If trajectories of the model leave the range of the data.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=1000, interval=0.1, seed=0)
    >>> model = kgmm.fit_langevin(path, kgmm.fit_score(path, families=("polynomial",)), circulation="none")
    >>> sorted(kgmm.validate(model, path).table["statistic"].unique())[:2]
    ['autocorrelation_error', 'autocorrelation_error_5']
    """
    path = as_members(path)
    scale = model.score.standardization.scale
    if scale.size != path.sizes["variable"]:
        raise ValueError(f"the model is of {scale.size} variables: the path has {path.sizes['variable']}")
    if path.sizes["time"] < 2 * PIECES:
        raise ValueError(f"the members of the path have {path.sizes['time']} states: {2 * PIECES} are needed")
    interval = time_step_of(path)
    blocked = BlockedAutocorrelation.of(path.values, interval)
    times = blocked.decorrelation_times
    slowest = float(np.nanmax(times)) if np.isfinite(times).any() else np.nan
    sample = _sample(model, path, slowest if np.isfinite(slowest) else 10 * interval, random_state)

    even, odd = interleaved_halves(without_gaps(path))
    densities = compare(even, sample, odd)
    clocks = with_autocorrelation_floors(compare_autocorrelations(path, sample), *halves_of_members(path))
    joint = compare_joint(even, sample, odd, model.score.sigma or None)
    table = pd.concat([densities, joint, clocks], ignore_index=True)
    names = [str(name) for name in path["variable"].values]
    findings = findings_of(states_of(path.values), names, model.score.sigma)
    quantiles = wrong_quantiles(quantile_errors(without_gaps(path).values, sample.values), names)
    verdict = Verdict.of(
        table, [*limits_of_data(path, times), *summaries(findings)], quantiles, sigma=model.score.sigma,
        needed=_needed(slowest, path), score=score_error(model.score.error_estimate),
    )  # fmt: skip
    return Validation(table, sample, verdict)


def _sample(model: LangevinModel, path: xr.DataArray, time: float, random_state: Seed) -> xr.DataArray:
    """A sample saved at the interval of the path, many decorrelation times long."""
    interval = time_step_of(path)
    everything = states_of(path.values)
    initial = everything[np.linspace(0, len(everything) - 1, _MEMBERS).astype(int)]
    step = model.choose_step(initial, longest=interval).dt
    save_every = round(interval / step)
    n_times = max(2 * PIECES, round(_LENGTH * time / interval))
    n_times = max(2, min(n_times, _MAX_STEPS // save_every))
    burn_in = interval * round(_BURN_IN * time / interval)
    sample = model.sample(
        _MEMBERS, n_times * save_every, step, save_every=save_every, burn_in=burn_in, initial=initial,
        seed=random_state,
    )  # fmt: skip
    return sample.assign_coords(variable=path["variable"].values)


def _needed(time: float, path: xr.DataArray) -> dict[str, str]:
    """What autocorrelations without a value need."""
    interval, between_gaps = time_step_of(path), SEGMENTS in path.attrs
    if not np.isfinite(time):
        return {"time scales": needed_of_segments(time, interval) if between_gaps else "a variable never decorrelates"}
    least = states_for_autocorrelations(time, interval, BLOCKS)
    if between_gaps and len(states_of(path.values)) >= least:  # enough, and in pieces that are too short
        return {"time scales": needed_of_segments(time, interval)}
    return {
        "time scales": f"errors of autocorrelations need {BLOCKS} stretches of five decorrelation times: a path of "
        f"{least} states"
    }
