"""The perturbation that the settings of a task name: of the observed variables, and of the state of a system."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.langevin.perturbations import Perturbation, central_divergence
from kgmm.systems.base import System
from kgmm.systems.registry import get_system

_TRIALS = 1000


def observed_perturbation(
    settings: dict, variables: Sequence[str], mean: np.ndarray, system: System | None
) -> tuple[Perturbation, Callable | None]:
    """``u`` of the observed variables, and its divergence where it is no constant.

    Parameters
    ----------
    settings : dict
        The section ``response``.
    variables : sequence of str
        Names of the observed variables.
    mean : ndarray of shape (n_features,)
        Their means.
    system : System or None
        The system; ``None`` for data from a file.

    Raises
    ------
    ScientificFailure
        If the perturbation acts on, or depends on, what is not observed, or if it changes the noise.
    """
    if settings["parameter"] is not None:
        return _of_parameter(settings["parameter"], system, len(variables))
    return _of_variable(settings, _index(settings, variables), mean)


def state_perturbation(settings: dict, mean: np.ndarray, system: System) -> Perturbation:
    """``u`` of the whole state of a system; ``mean`` is that of its observed variables."""
    if settings["parameter"] is not None:
        change = _change_of_drift(settings["parameter"], system)
        return lambda state: change(state.T).T
    k = _index(settings, system.variables)
    places = _places(system)
    state_mean = np.zeros(system.dimension)
    state_mean[places] = mean
    return _of_variable(settings, int(places[k]), state_mean)[0]


def _index(settings: dict, variables: Sequence[str]) -> int:
    name = (settings["push"] or settings["damping"])["variable"]
    if name not in variables:
        raise ScientificFailure(f"the perturbation acts on {name}, which is not observed: {', '.join(variables)} are")
    return list(variables).index(name)


def _of_variable(settings: dict, k: int, mean: np.ndarray) -> tuple[Perturbation, Callable | None]:
    if settings["push"] is not None:
        return settings["push"]["size"] * np.eye(len(mean))[k], None
    rate = settings["damping"]["rate"]

    def pull(x):
        result = 0.0 * x
        result[:, k] = -rate * (x[:, k] - mean[k])
        return result

    return pull, lambda x: np.full(len(x), -rate)


def _of_parameter(parameter: dict, system: System, n_features: int) -> tuple[Perturbation, Callable | None]:
    change = _change_of_drift(parameter, system)
    if system.dimension == n_features:

        def u(x):
            return change(x.T).T

        return u, central_divergence(u)
    # Unobserved variables do not matter where the drift of the observed ones alone changes, by a constant.
    values = np.asarray(change(system.initial_state(_TRIALS, np.random.default_rng(0))))
    places, constant = _places(system), values[:, 0]
    is_constant = np.ptp(values, axis=1).max() <= 1e-9 * np.abs(values).max()
    if len(places) != n_features or not is_constant or np.delete(constant, places).any():
        raise ScientificFailure(
            f"the change of the drift of {system.name} with {next(iter(parameter))} depends on variables that are not "
            "observed"
        )
    return constant[places], None


def _change_of_drift(parameter: dict, system: System) -> Callable:
    """The drift with the changed parameter less that without, of states ``(dimension, n)``."""
    ((name, change),) = parameter.items()
    changed = get_system(system.name, **system.parameters | {name: system.parameters[name] + change})
    state = system.initial_state(_TRIALS, np.random.default_rng(0))
    if not np.allclose(changed.diffusion(state), system.diffusion(state), rtol=1e-12):
        raise ScientificFailure(f"{name} of {system.name} changes the noise: only changes of the drift have a response")
    return lambda x: changed.drift(x) - system.drift(x)


def _places(system: System) -> np.ndarray:
    """Which entries of the state the observed variables are."""
    return np.argmax(np.asarray(system.observe(np.eye(system.dimension))), axis=1)
