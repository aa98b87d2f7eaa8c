"""Options of the Langevin models and of their mobility."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kgmm.options import Options, PositiveFloat, PositiveInt
from kgmm.sde.options import Scheme

METHODS = ("auto", "slope", "matched")
# Circulations that depend on the state, by regression on the velocities of the path: they give a whole model.
REGRESSED = ("state", "velocity")
# With hidden variables, fitted to autocorrelations.
WHOLE_MODELS = (*REGRESSED, "hidden")
# Beyond that share of a decorrelation time a cubic says little about the slope.
LONGEST_WINDOW = 0.5
# Degree of the polynomials by which the weight of a response is corrected.
MOMENTS = 6


class ModelOptions(Options):
    """Options of :class:`kgmm.LangevinModel`."""

    largest_reset_share: Annotated[
        float,
        Field(ge=0, le=1, description="A sample is refused when more than this share of its members left the box."),
    ] = 1e-3


class LangevinOptions(Options):
    """Options of :meth:`kgmm.LangevinModel.sample`. Times are in the units of the mobility."""

    scheme: Scheme = "heun"
    n_members: Annotated[PositiveInt, Field(description="Members of the ensemble; they start at training samples.")] = (
        4000
    )
    n_steps: Annotated[PositiveInt, Field(description="Steps after the burn-in.")] = 10_000
    dt: Annotated[PositiveFloat, Field(description="Time step.")] = 0.005
    save_every: Annotated[PositiveInt, Field(description="Steps between saved states.")] = 10
    burn_in: Annotated[float, Field(ge=0, description="Time before the first saved state.")] = 0.0

    @model_validator(mode="after")
    def _some_saved(self):
        if self.save_every > self.n_steps:
            raise ValueError(f"save_every is {self.save_every}: it must not exceed n_steps = {self.n_steps}")
        return self


class MobilityOptions(Options):
    """Options of :func:`kgmm.estimate_mobility`."""

    method: Annotated[
        Literal[METHODS],
        Field(
            description="slope: from correlations at short lags; matched: the identity, rescaled so that "
            "autocorrelations agree best; auto: slope where noise dominates the short lags and the path has six lags "
            "within half the fastest decorrelation time, else matched"
        ),
    ] = "auto"
    window: Annotated[
        float, Field(gt=0, le=LONGEST_WINDOW, description="Longest lag of the slope's fit in decorrelation times.")
    ] = 0.1
