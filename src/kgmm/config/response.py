"""The typed configuration of the response to a small change of the drift."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from kgmm.langevin.options import MOMENTS
from kgmm.options import Options, PositiveFloat, PositiveInt
from kgmm.systems.base import System

_KINDS = ("push", "damping", "parameter")


class Push(Options):
    """A constant forcing of one variable."""

    variable: Annotated[str, Field(description="Name of the variable.")]
    size: Annotated[float, Field(description="Its change per time.")]


class Damping(Options):
    """A linear pull of one variable to its mean."""

    variable: Annotated[str, Field(description="Name of the variable.")]
    rate: Annotated[float, Field(description="Rate, per time.")]


class ResponseSettings(Options):
    """The response to a small change of the drift: one of push, damping and parameter is given."""

    push: Annotated[
        Push | None, Field(description="A constant forcing: `variable`, and `size`, its change per time.")
    ] = None
    damping: Annotated[
        Damping | None, Field(description="A linear pull to the mean: `variable`, and `rate` per time.")
    ] = None
    parameter: Annotated[
        dict[str, float] | None,
        Field(description="Of a simulated system: one parameter of its drift and the change of it."),
    ] = None
    horizon: Annotated[
        PositiveFloat, Field(description="Longest lag, in decorrelation times of the slowest variable.")
    ] = 5.0
    n_lags: Annotated[int, Field(ge=5, description="Lags that are compared, at most.")] = 50
    moments: Annotated[
        int,
        Field(ge=0, le=8, description="Degree of the polynomials whose response at once is made exact; 0 for none."),
    ] = MOMENTS
    accuracy: Annotated[
        PositiveFloat,
        Field(description="Standard error of a simulated response, relative to it, at which no more pairs are added."),
    ] = 0.02
    max_pairs: Annotated[
        PositiveInt, Field(ge=20, description="Pairs of members of a simulated response, at most.")
    ] = 400_000

    @model_validator(mode="after")
    def _one_kind(self):
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{len(given)} of {', '.join(_KINDS)} are given: one is needed")
        if self.parameter is not None and len(self.parameter) != 1:
            raise ValueError(f"parameter holds {len(self.parameter)} names: one is needed")
        return self

    def check(self, system: System | None) -> None:
        """``ValueError`` in one sentence if the perturbation does not exist for a system, ``None`` for data."""
        if self.parameter is not None:
            if system is None:
                raise ValueError("parameter is given: data from a file have none, use push or damping")
            (name,) = self.parameter
            if name not in system.parameters:
                raise ValueError(f"parameter is {name!r}: those of {system.name} are {', '.join(system.parameters)}")
        elif system is not None:
            name = (self.push or self.damping).variable
            if name not in system.variables:
                raise ValueError(f"variable is {name!r}: those of {system.name} are {', '.join(system.variables)}")
