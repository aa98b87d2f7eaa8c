"""Options of the data: how a file is read, and which part is kept out of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kgmm.options import Options, PositiveFloat, PositiveInt

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

    missing: Annotated[list[float], Field(description="Numbers that stand for missing values, such as -9999.")] = []
    group: Annotated[str | None, Field(description="Group of a NetCDF file that holds the variables.")] = None
    select: Annotated[
        dict[str, str] | None,
        Field(
            description="Part of the times (time: '1950:1979-06', both ends taken), and of a field by its coordinates "
            "(lat: '-5:5', lon: '190:240'; one number takes the nearest)."
        ),
    ] = None
    reduce: Annotated[
        str | None,
        Field(description="Of a field: mean, weighted by area, or pcs=3, its leading principal components."),
    ] = None
    gaps: Annotated[
        Literal["drop-edges", "interpolate", "segments"] | None,
        Field(
            description="What to do where values or whole rows are missing. drop-edges: cut them at both ends; "
            "interpolate: linearly, over at most max_gap steps; segments: what lies between gaps becomes members."
        ),
    ] = None
    max_gap: Annotated[PositiveInt, Field(description="Longest gap that is interpolated, in steps.")] = 3
    resample: Annotated[
        PositiveFloat | None,
        Field(description="New time step: means over it where it is coarser than twice the old one, else linear."),
    ] = None
    jitter: Annotated[
        PositiveFloat | None,
        Field(description="Add uniform noise of this width: of values that were rounded, their resolution."),
    ] = None
    transform: Annotated[
        dict[str, str] | None,
        Field(
            description="Transforms of variables whose density has edges or heavy tails (rain: log, cover: "
            "'logit:0:1', price: asinh; log:a has its edge at a; reflect:a mirrors at an edge of full density), and of "
            "angles (wind: 'angle:360', two variables on a ring)."
        ),
    ] = None
    anomalies: Annotated[
        Literal["monthly", "daily"] | None,
        Field(description="Subtract the mean of each month, or of each day of the year."),
    ] = None
    detrend: Annotated[bool, Field(description="Subtract the linear trend.")] = False
    standardise: Annotated[bool, Field(description="Subtract the mean and divide by the standard deviation.")] = False
    derivative: Annotated[bool, Field(description="Add the centred time derivative of every variable.")] = False
    lag_embed: Annotated[
        Annotated[int, Field(ge=2, le=20)] | None,
        Field(description="Add earlier states as variables: that many successive ones together."),
    ] = None

    @model_validator(mode="after")
    def _max_gap_is_used(self) -> Self:
        if self.max_gap != type(self).model_fields["max_gap"].default:
            self.refuse_unused_max_gap()
        return self

    @model_validator(mode="after")
    def _what_has_a_season(self) -> Self:
        for name, text in (self.transform or {}).items():
            if text.partition(":")[0] in ("angle", "reflect") and (self.anomalies or self.detrend):
                what = "anomalies" if self.anomalies else "detrend"
                raise ValueError(
                    f"transform of {name} is {text!r}, and {what} is asked for: an angle or a mirrored variable has no "
                    f"mean to subtract; leave out {what}, or take away the season before it is transformed"
                )
        return self

    def refuse_unused_max_gap(self) -> None:
        """Raises ``ValueError`` if nothing is interpolated, so that ``max_gap`` says nothing."""
        if self.gaps != "interpolate" and self.resample is None:
            raise ValueError(
                f"max_gap is {self.max_gap} and nothing is interpolated: give gaps interpolate (--gaps interpolate) or "
                "resample (--resample STEP), or leave out max_gap (--max-gap)"
            )

    def __hash__(self) -> int:
        """Also with lists: facts of a file are kept by its options."""
        return hash(self.model_dump_json())

    @classmethod
    def of(cls, settings: dict) -> ReadingOptions:
        """Those among the settings of a data set in the workflow.

        Every estimate standardises by itself: what is shown of it stays in the units of the file.
        """
        return cls.checked(**{name: settings[name] for name in cls.model_fields} | {"standardise": False})

    def without(self, names: Sequence[str]) -> ReadingOptions:
        """These options without some, which were followed already."""
        return self.model_copy(update={name: type(self).model_fields[name].default for name in names})

    @property
    def can_be_undone(self) -> bool:
        """Whether the states differ from those of the file by something that can be undone."""
        # Those of components were subtracted at every grid point, and are not known of the components.
        of_series = (self.anomalies or self.detrend) and self.reduce in (None, "mean")
        return bool(self.transform or self.derivative or self.lag_embed or of_series)

    @property
    def not_undone(self) -> list[str]:
        """What of the preparation cannot be undone, a clause each."""
        found = []
        if self.reduce not in (None, "mean"):
            what = " and ".join(name for name in ("anomalies", "detrend") if getattr(self, name))
            found.append("principal components are not turned back into a field")
            if what:
                found[0] += f", and season and trend of its grid points ({what}) are not put back"
        if self.resample is not None:
            found.append(f"the values are those at the new time step of {self.resample:g}")
        if self.jitter is not None:
            found.append(f"the uniform noise of width {self.jitter:g} stays in the values")
        if self.derivative or self.lag_embed:
            what = ["time derivatives"] * self.derivative + ["earlier states"] * bool(self.lag_embed)
            found.append(f"{' and '.join(what)}, which are no variables of the file, are not shown")
        return found

    @property
    def prepares(self) -> bool:
        """Whether anything is done to the states after they are read."""
        wanted = (self.gaps, self.resample, self.jitter, self.transform, self.anomalies, self.lag_embed)
        return bool(self.missing or self.detrend or self.standardise or self.derivative or any(wanted))
