"""Options of the data: which part is kept out of a fit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kgmm.options import Options

HeldOut = Annotated[
    float, Field(gt=0, lt=1, description="Share of the members kept out of the fit, for every comparison.")
]


class SplitOptions(Options):
    """Options of :func:`kgmm.data.trajectory.split`."""

    held_out: HeldOut = 0.2
    gap: Annotated[
        float, Field(ge=0, lt=1, description="Share of the times between the parts, where members are cut in time.")
    ] = 0.01
