"""Claims of a run, which are measured and judged, and its findings, which are measured and told."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kgmm.options import Options, PositiveFloat


class Quantity(Options):
    """A number read off a table of the run."""

    table: Annotated[Literal["metrics", "races"], Field(description="The run's table of that name.")] = "metrics"
    where: Annotated[
        dict[str, str | float | int | list[str | float | int]],
        Field(min_length=1, description="Columns and the value, or the values, that rows must have there."),
    ]
    column: Annotated[str, Field(description="Column of the number.")] = "value"
    beyond: Annotated[
        str | None,
        Field(
            description="Column of a bound that takes the place of an infinite number: what was measured is beyond it."
        ),
    ] = None
    reduce: Annotated[Literal["max", "min", "mean", "median"], Field(description="What is made of several rows.")] = (
        "max"
    )


class Ratio(Quantity):
    """A number read off a table of the run, or the ratio of two."""

    over: Annotated[Quantity | None, Field(description="The quantity is divided by this one.")] = None


class Finding(Options):
    """A sentence for the head of the report, with numbers of the run in it."""

    says: Annotated[str, Field(description="The sentence; {name} stands for the number of that name.")]
    numbers: Annotated[dict[str, Ratio], Field({}, description="The numbers by their names.")]
    limit: Annotated[bool, Field(description="Whether it is a limit of what was done, and not a result.")] = False

    @model_validator(mode="after")
    def _all_known(self):
        named = {name for _, name, _, _ in Formatter().parse(self.says) if name is not None}
        if named != set(self.numbers):
            differ = ", ".join(sorted(named ^ set(self.numbers)))
            raise ValueError(f"says and numbers must name the same: {differ}")
        return self


class Claim(Ratio):
    """An assertion about a quantity, or about the ratio of two."""

    claim: Annotated[str, Field(description="The claim in words.")]
    group: Annotated[str, Field(description="Heading in the report under which it stands.")] = "Claims"
    at_most: Annotated[float | None, Field(description="The claim holds up to this number.")] = None
    at_least: Annotated[float | None, Field(description="The claim holds from this number on.")] = None
    floors: Annotated[
        PositiveFloat | None,
        Field(description="The bar is at least that many times the noise floor of the same rows."),
    ] = None
    counts: Annotated[
        bool, Field(description="Whether the run fails with the claim; claims about time should not count.")
    ] = True

    @model_validator(mode="after")
    def _one_bar(self):
        if self.at_most is None and self.at_least is None:
            raise ValueError("a claim needs at_most, at_least or both")
        if self.at_most is not None and self.at_least is not None and self.at_most < self.at_least:
            raise ValueError(f"at_most is {self.at_most:g}: it must not be below at_least, {self.at_least:g}")
        if self.floors is not None and self.at_most is None:
            raise ValueError("floors raises the bar of at_most")
        return self
