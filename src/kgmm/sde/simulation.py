"""Simulation of a system: an ensemble is relaxed to stationarity and then recorded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr

from kgmm.data.trajectory import as_trajectory
from kgmm.randomness import Seed, seed_sequence, torch_generator
from kgmm.sde.ensemble import Ensemble, steps_in
from kgmm.sde.options import SimulationOptions
from kgmm.systems.base import System
from kgmm.systems.registry import get_system

_DEFAULTS = SimulationOptions()


def stationary_ensemble(
    system: System,
    *,
    n_members: int,
    seed: Seed,
    dt: float | None = _DEFAULTS.dt,
    scheme: str | None = _DEFAULTS.scheme,
    burn_in: float | None = _DEFAULTS.burn_in,
    precision: str = _DEFAULTS.precision,
    device: str = "cpu",
) -> Ensemble:
    """An ensemble of ``system`` after its burn-in; the parameters are those of :func:`simulate`."""
    SimulationOptions.checked(n_members=n_members, dt=dt, scheme=scheme, burn_in=burn_in, precision=precision)
    defaults = system.defaults
    dt = defaults.dt if dt is None else dt
    burn_in = defaults.burn_in if burn_in is None else burn_in
    initial_seed, noise_seed = seed_sequence(seed).spawn(2)
    initial = system.initial_state(n_members, np.random.default_rng(initial_seed))
    ensemble = Ensemble(
        system,
        torch.tensor(initial, dtype=getattr(torch, precision), device=device),
        dt=dt,
        scheme=scheme or defaults.scheme,
        generator=torch_generator(noise_seed, device),
        label=system.name,
    )
    ensemble.advance(steps_in(burn_in, dt, "burn_in"))
    return ensemble


def record(ensemble: Ensemble, system: System, n_times: int, interval: float) -> Iterator[np.ndarray]:
    """Records ``n_times`` observed states ``interval`` apart; pieces as in :meth:`Ensemble.record`."""
    steps = steps_in(interval, ensemble.dt, "interval")
    if n_times < 1 or steps < 1:
        raise ValueError(f"n_times is {n_times} and interval {interval}: at least one time and one step are needed")
    return ensemble.record(n_times, steps, system.observe)


def simulate(
    system: System | str,
    *,
    n_members: int = _DEFAULTS.n_members,
    n_times: int = _DEFAULTS.n_times,
    interval: float | None = _DEFAULTS.interval,
    dt: float | None = _DEFAULTS.dt,
    scheme: str | None = _DEFAULTS.scheme,
    burn_in: float | None = _DEFAULTS.burn_in,
    seed: Seed = 0,
    precision: str = _DEFAULTS.precision,
    device: str = "cpu",
) -> xr.DataArray:
    """Simulates an ensemble of a system in its stationary state.

    Parameters
    ----------
    system
        A system or its name.
    n_members, n_times
        Size of the result; members are independent.
    interval
        Time between saved states, a multiple of ``dt``; default: the system's ``sample_interval``.
    dt, scheme, burn_in
        Time step, integration scheme, and time integrated before the first saved state, in the system's time units;
        default: the system's own.
    seed
        Of initial states and noise; the same seed gives the same bytes on the same kind of machine.
    precision
        ``"float32"`` or ``"float64"``, of the integration; the result is float32.
    device
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    Trajectory with dimensions ``(member, time, variable)``, in physical units.

    Raises
    ------
    ValueError
        For unknown names and unusable numbers.
    DivergenceError
        If the integration diverges.

    Examples
    --------
    >>> path = simulate("double_well", n_members=10, n_times=5, interval=0.1, burn_in=1.0)
    >>> dict(path.sizes), path["time"].values[:2].tolist()
    ({'member': 10, 'time': 5, 'variable': 1}, [0.1, 0.2])
    """
    if isinstance(system, str):
        system = get_system(system)
    SimulationOptions.checked(n_times=n_times, interval=interval)
    interval = system.defaults.sample_interval if interval is None else interval
    ensemble = stationary_ensemble(
        system, n_members=n_members, seed=seed, dt=dt, scheme=scheme, burn_in=burn_in, precision=precision,
        device=device,
    )  # fmt: skip
    pieces = list(record(ensemble, system, n_times, interval))
    values = np.concatenate(pieces, axis=1)
    return as_trajectory(values, system.variables, interval, system=system.name, dt=ensemble.dt)
