"""Options of the data: how a file is read, and which part is kept out of a fit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kgmm.options import Options, PositiveFloat

HeldOut = Annotated[
    float, Field(gt=0, lt=1, description="Share of the members kept out of the fit, for every comparison.")
]


class SplitOptions(Options):
    """Options of :func:`kgmm.data.trajectory.split`."""

    held_out: HeldOut = 0.2
    gap: Annotated[
        float, Field(ge=0, lt=1, description="Share of the times between the parts, where members are cut in time.")
    ] = 0.01


class ReadingOptions(Options):
    """How a user's time series is read from its file: of :func:`kgmm.read`, a configuration and the command line."""

    time_step: Annotated[
        PositiveFloat | None,
        Field(description="Time between states; by default from the time coordinate, dates in days."),
    ] = None
    time: Annotated[str, Field(description="Name of the time coordinate or column.")] = "time"
    member: Annotated[str, Field(description="Name of the dimension or column of members, if there is one.")] = "member"

    @classmethod
    def of(cls, settings: dict) -> ReadingOptions:
        """Those among the settings of a data set."""
        return cls(**{name: settings[name] for name in cls.model_fields})
