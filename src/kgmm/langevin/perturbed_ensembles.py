"""The response of a system or of a Langevin model by simulation: pairs of perturbed ensembles with the same noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr

from kgmm.data.blocks import BLOCKS
from kgmm.langevin.ensemble import LangevinEquation
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.observables import Group, Observable, groups_of
from kgmm.langevin.perturbations import Perturbation, of_tensors
from kgmm.randomness import Seed, seed_sequence, torch_generator
from kgmm.sde.ensemble import Ensemble, steps_in
from kgmm.sde.schemes import Equation
from kgmm.sde.simulation import stationary_ensemble
from kgmm.systems.base import System
from kgmm.systems.registry import get_system

_MEMBERS_AT_ONCE = 10_000
# Share of the longest lag for which the unperturbed ensemble runs on between two rounds.
_BETWEEN_ROUNDS = 0.2


def perturbed_response(
    source: System | LangevinModel | str,
    perturbation: Perturbation,
    observables: Sequence[Observable] = ("mean", "variance"),
    *,
    longest: float,
    interval: float,
    reference: np.ndarray | None = None,
    accuracy: float = 0.05,
    max_pairs: int = 200_000,
    dt: float | None = None,
    scheme: str | None = None,
    seed: Seed = 0,
    device: str = "cpu",
) -> xr.Dataset:
    """Step response by simulation, ``(E₊[a](t) − E₋[a](t))/2`` with the drift changed by ``±u(x)`` from time 0 on.

    Both ensembles start from the same stationary states and have the same noise, so that most of the scatter cancels.
    Even powers of ``u`` cancel too: the result is the linear response up to the third power of its size.

    Parameters
    ----------
    source : System, LangevinModel or str
        What is simulated; a string is the name of a system.
    perturbation : array_like or callable
        As in :func:`kgmm.response`, of the size whose response is asked for; of a system it acts on its whole state.
    observables : sequence of str or callable
        As in :func:`kgmm.response`, of the observed variables.
    longest, interval : float
        Longest lag and distance of lags, in the time units of ``source``.
    reference : array_like of shape (n, n_features), optional
        Data from which the centres of moments and the bins of densities are taken, and the states from which a model
        starts. A model needs it; of a system it is its own stationary ensemble by default.
    accuracy : float
        Pairs are added until the standard error of every observable is below this share of its response, all
        variables and lags together.
    max_pairs : int
        Pairs of members at which it stops in any case: a response that symmetry makes zero is never resolved.
    dt, scheme : float, str, optional
        Of the integration; by default the system's, or those of :meth:`kgmm.LangevinModel.choose_step`.
    seed : int or numpy.random.SeedSequence
        Of initial states and noise.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    xarray.Dataset
        ``step`` and ``step_stderr``, ``(observable, variable, lag)``, and those of functions and densities as in
        :func:`kgmm.response`; the attribute ``n_pairs``.

    Raises
    ------
    ValueError
        For unusable arguments.
    DivergenceError
        If an integration diverges.

    Examples
    --------
    >>> push = np.array([0.1, 0.0])
    >>> found = perturbed_response("ornstein_uhlenbeck", push, longest=1.0, interval=0.1, max_pairs=1000)
    >>> found["step"].sel(observable="mean", lag=1.0).values.round(3).tolist()
    [0.055, -0.029]
    """
    if not (accuracy > 0 and max_pairs >= BLOCKS):
        raise ValueError(f"accuracy is {accuracy} and max_pairs {max_pairs}: a positive number and {BLOCKS} are needed")
    base_seed, *round_seeds = seed_sequence(seed).spawn(1 + -(-max_pairs // _MEMBERS_AT_ONCE))
    n_members = min(_MEMBERS_AT_ONCE, max_pairs)
    if isinstance(source, LangevinModel):
        pair = _of_model(source, perturbation, reference, n_members, interval, longest, dt, scheme, base_seed, device)
    else:
        pair = _of_system(source, perturbation, n_members, dt, scheme, base_seed, device)
    reference = pair.observed(pair.base.state) if reference is None else np.asarray(reference, dtype=float)
    groups = groups_of(observables, reference, pair.variables)
    steps, n_lags = steps_in(interval, pair.base.dt, "interval"), steps_in(longest, interval, "longest") + 1
    sums, n_rounds = [0.0] * len(groups), 0
    for round_seed in round_seeds:
        found = _one_round(pair, groups, steps, n_lags, round_seed)
        sums = [total + new for total, new in zip(sums, found)]
        n_rounds += 1
        results = [_of_group(group, total / n_rounds, reference) for group, total in zip(groups, sums)]
        if all(result.is_resolved(accuracy) for result in results):
            break
        pair.base.advance(max(1, round(_BETWEEN_ROUNDS * longest / pair.base.dt)))
    dataset = xr.Dataset(coords={"lag": interval * np.arange(n_lags)}, attrs={"n_pairs": n_rounds * n_members})
    for group, result in zip(groups, results):
        dims = (*group.dims, "lag")
        dataset = dataset.assign_coords(group.coords).assign(
            {f"{group.prefix}step": (dims, result.step), f"{group.prefix}step_stderr": (dims, result.stderr)}
        )
    return dataset


class _Perturbed:
    """An equation whose drift is changed by ``sign · u``."""

    def __init__(self, equation: Equation, u: Callable[[torch.Tensor], torch.Tensor], sign: float):
        self._equation, self._u, self._sign = equation, u, sign

    def drift(self, state: torch.Tensor) -> torch.Tensor:
        return self._equation.drift(state) + self._sign * self._u(state)

    def __getattr__(self, name: str):
        return getattr(self._equation, name)


class _Pair(NamedTuple):
    """The unperturbed ensemble, and how its perturbed copies are integrated and observed."""

    base: Ensemble
    equation: Equation
    u: Callable[[torch.Tensor], torch.Tensor]
    observe: Callable[[torch.Tensor], torch.Tensor]
    variables: Sequence[str]
    scheme: str

    def observed(self, state: torch.Tensor) -> np.ndarray:
        """Observed states, ``(n_members, n_features)``, physical units."""
        return self.observe(state).T.double().cpu().numpy()

    def copy(self, sign: float, seed: Seed) -> Ensemble:
        """The ensemble as it is now, with the drift changed; equal seeds give equal noise."""
        state = self.base.state.clone()
        return Ensemble(
            _Perturbed(self.equation, self.u, sign), state, dt=self.base.dt, scheme=self.scheme,
            generator=torch_generator(seed, str(state.device)), label="the perturbed ensemble",
        )  # fmt: skip


def _of_system(source, perturbation, n_members: int, dt, scheme, seed: Seed, device: str) -> _Pair:
    system = get_system(source) if isinstance(source, str) else source
    scheme = scheme or system.defaults.scheme
    if scheme == "etdrk4":
        raise ValueError(f"{system.name} is integrated with etdrk4, which has no drift to perturb")
    base = stationary_ensemble(system, n_members=n_members, seed=seed, dt=dt, scheme=scheme, device=device)
    u = of_tensors(perturbation, system.dimension)
    return _Pair(base, system, u, system.observe, system.variables, scheme)


def _of_model(
    model: LangevinModel, perturbation, reference, n_members: int, interval: float, longest: float, dt, scheme,
    seed: Seed, device: str,
) -> _Pair:  # fmt: skip
    if reference is None:
        raise ValueError("reference is None: a model needs data to start from")
    if model.hidden is not None:
        raise ValueError("the model has hidden variables: how a perturbation acts on these is not known")
    reference = np.asarray(reference, dtype=float)
    start_seed, noise_seed = seed_sequence(seed).spawn(2)
    initial = reference[np.random.default_rng(start_seed).integers(len(reference), size=n_members)]
    scheme = scheme or "heun"
    dt = model.choose_step(initial, scheme=scheme, longest=interval).dt if dt is None else dt
    base = model.ensemble(initial, dt=dt, scheme=scheme, seed=noise_seed, device=device)
    base.advance(steps_in(longest, dt, "longest"))
    standardization = model.score.standardization
    mean, scale = (torch.tensor(v, device=device)[:, None] for v in (standardization.mean, standardization.scale))

    def observe(state: torch.Tensor) -> torch.Tensor:
        return state * scale + mean

    physical = of_tensors(perturbation, scale.shape[0])

    def u(state: torch.Tensor) -> torch.Tensor:
        return (physical(observe(state)) / scale).to(state.dtype)

    variables = [f"x{k + 1}" for k in range(len(scale))]
    return _Pair(base, LangevinEquation(model, device), u, observe, variables, scheme)


def _one_round(pair: _Pair, groups: list[Group], steps: int, n_lags: int, seed: Seed) -> list[np.ndarray]:
    """Half the differences of the observables in blocks of members, ``(n_observables, n_blocks, n_lags)`` by group."""
    plus, minus = pair.copy(1.0, seed), pair.copy(-1.0, seed)
    found = [np.zeros((len(group.functions), BLOCKS, n_lags)) for group in groups]
    for lag in range(1, n_lags):
        for ensemble in (plus, minus):
            ensemble.advance(steps)
        above, below = pair.observed(plus.state), pair.observed(minus.state)
        for group, values in zip(groups, found):
            for k, (a, b) in enumerate(zip(group.columns(above), group.columns(below))):
                values[k, :, lag] = [0.5 * block.mean() for block in np.array_split(a - b, BLOCKS)]
    return found


class _Result(NamedTuple):
    """Step responses of a group with standard errors, and the units in which variables are compared."""

    step: np.ndarray
    stderr: np.ndarray
    units: np.ndarray

    def is_resolved(self, accuracy: float) -> bool:
        """Whether the standard error of every observable is below that share of its response."""
        rows = (len(self.step), -1)
        error, response = (np.square((x / self.units).reshape(rows)).sum(axis=1) for x in (self.stderr, self.step))
        return bool((error <= accuracy**2 * response).all())


def _of_group(group: Group, blocks: np.ndarray, reference: np.ndarray) -> _Result:
    shape = (*group.shape, -1)
    stderr = blocks.std(axis=1, ddof=1) / blocks.shape[1] ** 0.5
    units = np.array([a.std() for a in group.columns(reference)])
    # What does not vary in the reference, such as an empty bin of a density, has no share in its observable.
    units = np.where(units > 0, units, np.inf)
    return _Result(blocks.mean(axis=1).reshape(shape), stderr.reshape(shape), units.reshape(shape))
