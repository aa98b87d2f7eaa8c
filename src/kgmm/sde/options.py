"""Options of a simulation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kgmm.options import Options, PositiveFloat, PositiveInt
from kgmm.sde.schemes import SCHEMES, get_scheme

PRECISIONS = ("float32", "float64")


def _known(scheme: str | None) -> str | None:
    if scheme is not None:
        get_scheme(scheme)
    return scheme


# Simulations of systems and samples of Langevin models have these in common.
Scheme = Annotated[
    str, AfterValidator(_known), Field(description="Integration scheme.", json_schema_extra={"enum": sorted(SCHEMES)})
]
Members = Annotated[PositiveInt, Field(description="Independent members of the ensemble.")]
Times = Annotated[PositiveInt, Field(description="Samples saved per member.")]


class SimulationOptions(Options):
    """Options of :func:`kgmm.simulate`. Times are in the system's units."""

    n_members: Members = 10_000
    n_times: Times = 100
    interval: Annotated[
        PositiveFloat | None, Field(description="Time between the samples of a member; by default the system's.")
    ] = None
    dt: Annotated[PositiveFloat | None, Field(description="Time step; by default the system's.")] = None
    scheme: Annotated[
        str | None, AfterValidator(_known), Field(description="Integration scheme; by default the system's.")
    ] = None
    burn_in: Annotated[
        float | None, Field(ge=0, description="Time before the first saved sample; by default the system's.")
    ] = None
    precision: Annotated[Literal[PRECISIONS], Field(description="Floating-point precision of the integration.")] = (
        "float32"
    )
