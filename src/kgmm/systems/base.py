"""What a system is: an Itô SDE with its observed variables and, where known, its exact statistics."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np


class SimulationDefaults(NamedTuple):
    """Settings with which a system is simulated unless the caller says otherwise.

    Times are in the system's own time units.
    """

    scheme: str
    dt: float
    burn_in: float
    sample_interval: float
    path_interval: float
    path_length: float


@dataclasses.dataclass(frozen=True)
class System(ABC):
    """An Itô stochastic differential equation ``dX = f(X) dt + g(X) dW`` with ``Var(dW) = dt``.

    Subclasses are frozen dataclasses whose fields are the parameters of the equation. Inside ``drift`` and
    ``diffusion`` a state has shape ``(dimension, n_members)``: one contiguous row per variable, so that
    ``x, y, z = state`` reads like the equation and every operation runs over the whole ensemble. The methods
    use operators and tensor methods only and accept torch tensors and NumPy arrays alike.

    The exact statistics take and return arrays of shape ``(n_samples, n_features)`` of the observed variables in
    physical units; ``has_exact_density`` says whether they are known.

    ``additive`` says whether the noise is independent of the state, ``stochastic`` whether there is any, ``is_ring``
    whether the observed variables lie on a ring under whose rotations the law is invariant.
    """

    name: ClassVar[str]
    defaults: ClassVar[SimulationDefaults]
    variables: ClassVar[tuple[str, ...]]
    has_exact_density: ClassVar[bool] = False
    additive: ClassVar[bool] = True
    stochastic: ClassVar[bool] = True
    is_ring: ClassVar[bool] = False

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and not math.isfinite(value):
                raise ValueError(f"{self.name}.{field.name} is {value}; it must be a finite number")

    @property
    def dimension(self) -> int:
        """Number of state variables that are integrated."""
        return len(self.variables)

    @property
    def parameters(self) -> dict:
        """The parameters of the equation by name."""
        return dataclasses.asdict(self)

    @abstractmethod
    def drift(self, state):
        """Drift ``f(X)``; ``state`` and result have shape ``(dimension, n_members)``."""

    @abstractmethod
    def diffusion(self, state):
        """Diagonal of ``g(X)``: a number, or an array that broadcasts to ``(dimension, n_members)``."""

    def noise(self, state, increment):
        """``g(X) ΔW``; both arguments and the result have shape ``(dimension, n_members)``."""
        return self.diffusion(state) * increment

    @abstractmethod
    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        """States from which the burn-in starts, shape ``(dimension, n_members)``, float64."""

    def observe(self, state):
        """Observed variables of a state, shape ``(len(variables), n_members)``; by default all of them."""
        return state

    def score(self, x: np.ndarray) -> np.ndarray:
        """Exact score ``∇ log p(x)`` of the stationary density, shape ``(n_samples, n_features)``."""
        raise NotImplementedError(f"the exact score of {self.name} is not known")

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Exact ``log p(x)``, normalised, shape ``(n_samples,)``."""
        raise NotImplementedError(f"the exact density of {self.name} is not known")

    def marginal_density(self, variable: int, x: np.ndarray) -> np.ndarray:
        """Exact density of one observed variable at the points ``x`` of shape ``(n,)``."""
        raise NotImplementedError(f"the exact marginal densities of {self.name} are not known")

    def mobility(self) -> np.ndarray | None:
        """``Φ`` in physical units if ``dX = Φ s dt + √2 Σ dW`` with a constant one, ``(n_features, n_features)``."""
        return None

    def symmetries(self, n_features: int) -> tuple[np.ndarray, ...]:
        """Generators of the linear symmetries of the law of ``n_features`` observed variables.

        Each is a signed permutation ``S``, ``(n_features, n_features)``: ``S X`` has the law of ``X``. By default that
        of a ring, the shift by one place, or none.
        """
        return (np.roll(np.eye(n_features), 1, axis=0),) if self.is_ring else ()

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        """Exact score of ``p ∗ N(0, diag(noise_scale²))``, the density that KGMM estimates.

        ``noise_scale`` is ``σ S`` in physical units, shape ``(n_features,)``.
        """
        raise NotImplementedError(f"the exact smoothed score of {self.name} is not known")


def unit_normal_state(dimension: int, n_members: int, rng: np.random.Generator) -> np.ndarray:
    """Independent standard normal initial states, shape ``(dimension, n_members)``."""
    return rng.standard_normal((dimension, n_members))
