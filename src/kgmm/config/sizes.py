"""Whether there are enough data for what an experiment asks of them: refused before any job."""

from __future__ import annotations

import logging
import math

from kgmm.config.experiment import Experiment
from kgmm.config.limits import Limits, check_limits
from kgmm.data.observation import BLOCKS, MIN_SAMPLES_PER_CELL, RingView, smallest_min_probability, split_sizes
from kgmm.methods.registry import get_method
from kgmm.systems.registry import get_system

logger = logging.getLogger("kgmm")

_MIN_HELD_OUT = 100
# Of a file, which cannot be made longer: a held-out state for each block of the errors.
_MIN_HELD_OUT_OF_FILE = BLOCKS
_MOST_TIMES = 100_000


def check_sizes(experiment: Experiment, limits: Limits) -> None:
    """Raises ``ValueError`` in one sentence, that begins with the key, if an experiment asks for too much."""
    check_limits(experiment, training_samples(experiment), limits)
    if experiment.until == "model":
        _check_paths(experiment)


def _check_paths(experiment: Experiment) -> None:
    """Refuses paths that are too short for autocorrelations with errors, in all parts that have such."""
    langevin, simulation, data = experiment.langevin, experiment.simulation, experiment.data
    _check_path("langevin", langevin, langevin.path_members, _path_times(langevin))
    if simulation is None:
        return
    try:
        parts = split_sizes(simulation.path_members, _path_times(simulation), data.held_out)
    except ValueError as error:
        raise ValueError(f"simulation.path_length is {simulation.path_length:g}: {error}") from None
    for n_members, n_times in parts:
        _check_path("simulation", simulation, n_members * data.shifts, n_times)


def _path_times(settings) -> int:
    return round(settings.path_length / settings.path_interval)


def _check_path(section: str, settings, n_members: int, n_times: int) -> None:
    least = _least_times(n_members)
    if n_times < least:
        raise ValueError(
            f"{section}.path_length is {settings.path_length:g}: {n_members} members with {n_times} times each, "
            f"{settings.path_interval:g} apart, are too few for an autocorrelation, {least} times are needed"
        )


def training_samples(experiment: Experiment) -> int:
    """Number of samples that a fit sees; ``ValueError`` as :func:`check_sizes` if these are too few."""
    return (_check_dataset if experiment.system.kind == "dataset" else _check_simulation)(experiment)


def _check_simulation(experiment: Experiment) -> int:
    """The number of training samples, all of them unless the experiment says otherwise."""
    simulation, data = experiment.simulation, experiment.data
    if simulation.shards > simulation.path_members:
        raise ValueError(
            f"simulation.shards is {simulation.shards}: at most path_members = {simulation.path_members} are possible"
        )
    system = get_system(experiment.system.name, **experiment.system.parameters)
    if (data.points is not None or data.shifts > 1) and not system.is_ring:
        key, value = ("points", data.points) if data.points is not None else ("shifts", data.shifts)
        raise ValueError(f"data.{key} is {value}: the variables of {system.name} do not lie on a ring")
    view = RingView(data.points or len(system.variables), data.shifts)
    try:
        view.check(len(system.variables))
    except ValueError as error:
        raise ValueError(f"data.{error}") from None
    (members, times), (members_out, times_out) = split_sizes(simulation.n_members, simulation.n_times, data.held_out)
    available = members * times * data.shifts
    copies = f" in {data.shifts} copies" if data.shifts > 1 else ""
    source = f"the simulation gives {available} training samples ({members} members of {times}{copies})"
    _check_counts(experiment, available, members_out * times_out * data.shifts, source)
    return data.n_samples or available


def _check_dataset(experiment: Experiment) -> int:
    """The same of a file."""
    if experiment.data.points is not None or experiment.data.shifts > 1:
        raise ValueError("data.points and data.shifts are for systems on a ring: select variables of a file by name")
    if experiment.replicate:
        raise ValueError("replicates is more than 1: data from a file cannot be simulated again")
    facts = experiment.system.facts
    (members, times), (members_out, times_out) = split_sizes(facts.n_members, facts.n_times, experiment.data.held_out)
    known = facts.n_states / (facts.n_members * facts.n_times)  # states are missing between segments
    available = int(members * times * known)
    independent = facts.effective_size * available / facts.n_states
    source = f"{experiment.system.path} gives {available} training samples, worth {independent:.0f} independent ones"
    least = get_method(experiment.estimator.method).least_samples
    if available < least:
        raise ValueError(_too_short(experiment, least))
    _check_counts(experiment, available, int(members_out * times_out * known), source, _MIN_HELD_OUT_OF_FILE)
    # Other configurations have results without a model too, which are not refused.
    if experiment.mobility.method == "choose" and times_out < _least_times(members_out):
        raise ValueError(_too_short(experiment, least))
    p_min = experiment.estimator.min_probability
    if p_min is not None and independent * p_min < MIN_SAMPLES_PER_CELL:
        logger.warning(
            "%s: estimator.min_probability is %g, but %s: cells of %.2g and more hold %d independent ones",
            experiment.name, p_min, source, MIN_SAMPLES_PER_CELL / independent, MIN_SAMPLES_PER_CELL,
        )  # fmt: skip
    return experiment.data.n_samples or available


def _least_times(members: int) -> int:
    """Times of each held-out member for two in every block, without which an autocorrelation has no errors."""
    return 2 * math.ceil(BLOCKS / members)


def _too_short(experiment: Experiment, least: int) -> str:
    """How many states a file needs for the fit and for the comparison that follows it, and why."""
    facts, share = experiment.system.facts, experiment.data.held_out

    def parts(n_times: int) -> tuple[int, int, int]:
        (members, times), (members_out, times_out) = split_sizes(facts.n_members, n_times, share)
        return members * times, members_out * times_out, members_out * _least_times(members_out)

    needed = facts.n_times
    while needed < _MOST_TIMES:
        fitted, compared, least_compared = parts(needed)
        if fitted >= least and compared >= least_compared:
            break
        needed += 1
    fitted, compared, least_compared = parts(facts.n_times)
    return (
        f"{experiment.system.path} has {facts.n_states} states: {fitted} are left for the fit when "
        f"{share:g} of them are held out for the comparison, and {compared} for that; the fit takes {least}, the "
        f"comparison {least_compared} (two for each of {BLOCKS} blocks, from which errors follow), so about "
        f"{facts.n_members * needed} states are needed"
    )


def _check_counts(
    experiment: Experiment, available: int, held_out: int, source: str, least: int = _MIN_HELD_OUT
) -> None:
    data, p_min = experiment.data, experiment.estimator.min_probability
    if data.n_samples is not None and data.n_samples > available:
        raise ValueError(f"data.n_samples is {data.n_samples}: {source}")
    used = data.n_samples or available
    if p_min is not None and p_min < smallest_min_probability(used):
        raise ValueError(
            f"estimator.min_probability is {p_min:g}: {source}, and {used} samples allow no less than "
            f"{smallest_min_probability(used):g} ({MIN_SAMPLES_PER_CELL} samples per cell)"
        )
    if used < 2 * experiment.estimator.n_blocks:
        raise ValueError(f"estimator.n_blocks is {experiment.estimator.n_blocks}: {source}, two per block are needed")
    if held_out < least:
        raise ValueError(f"data.held_out is {data.held_out:g}: it leaves {held_out} samples, {least} are needed")
