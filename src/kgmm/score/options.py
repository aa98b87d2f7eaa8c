"""Options of the estimates of a score: the cells of KGMM, the network, denoising score matching."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kgmm.options import Options, PositiveFloat, PositiveInt

STOPPING_RULES = ("stderr", "paper", "fixed")
CELLS = ("auto", "constant", "linear")
OPTIMIZERS = ("lbfgs", "adam", "orthogonal")
LEARNING_RATES = {"adam": 4e-3, "orthogonal": 0.03}
PRIOR_PRECISION = 0.1

Antithetic = Annotated[bool, Field(description="Draws of dsm in pairs of z and −z.")]


class NoiseOptions(Options):
    """The noise with which the density is blurred, all there is to set of :class:`kgmm.DirectGMM`."""

    sigma: Annotated[float, Field(gt=0, le=100, description="Noise amplitude in standard deviations of the data.")] = (
        0.05
    )


class CellOptions(NoiseOptions):
    """Options of :class:`kgmm.KGMM`."""

    min_probability: Annotated[
        float | None,
        Field(gt=0, lt=1, description="p_min: no cell holds more than twice this share of the data."),
    ] = None
    max_draws: Annotated[int, Field(ge=2, multiple_of=2, description="Draws of the noise per sample, at most.")] = 64
    min_draws: Annotated[PositiveInt, Field(description="Draws of the noise per sample, at least.")] = 4
    stopping: Annotated[
        Literal[STOPPING_RULES],
        Field(
            description="stderr: stop when the draws' error is half of the data's; paper: the published rule; "
            "fixed: max_draws."
        ),
    ] = "stderr"
    convergence: Annotated[PositiveFloat, Field(description="Threshold of the published rule.")] = 5e-3
    n_blocks: Annotated[int, Field(ge=2, description="Blocks of data from which their error is estimated.")] = 20
    cells: Annotated[
        Literal[CELLS],
        Field(
            description="constant: averages over the cells (the paper); linear: a line in each, for coarse cells; "
            "auto: constant in one and two dimensions, linear in more."
        ),
    ] = "auto"

    @model_validator(mode="after")
    def _draws(self):
        if self.stopping != "fixed" and self.min_draws > self.max_draws:
            raise ValueError(f"min_draws is {self.min_draws}: it must not exceed max_draws = {self.max_draws}")
        return self


class BatchOptions(Options):
    """A network, and its fit by Adam to batches: what KGMM and DSM share."""

    hidden: Annotated[
        list[PositiveInt],
        Field(
            min_length=1,
            max_length=20,
            description="Widths of the hidden layers (SiLU); not of `auto`, which has its own.",
        ),
    ] = [
        128,
        64,
    ]
    steps: Annotated[int, Field(ge=2, description="Batches of adam and orthogonal, and of dsm.")] = 6000
    batch_size: Annotated[int, Field(ge=2, multiple_of=2, description="Points in a batch, draws in one of dsm.")] = 1024
    learning_rate: Annotated[
        float | None,
        Field(gt=0, le=10, description="The largest of a fit in batches; null: 0.004 of adam, 0.03 of orthogonal."),
    ] = None


class NetworkOptions(BatchOptions):
    """Options of :meth:`kgmm.ScoreModel.fit`: the score network and its fit to cells."""

    optimizer: Annotated[
        Literal[OPTIMIZERS],
        Field(
            description="lbfgs: all points at once; adam, orthogonal: batches of them, one cycle of the learning rate; "
            "orthogonal needs fewer where the score is rich."
        ),
    ] = "lbfgs"
    max_iterations: Annotated[PositiveInt, Field(description="Iterations of L-BFGS.")] = 400
    held_out: Annotated[
        float,
        Field(ge=0, lt=1, description="Share of the cells that tell when to stop; none of fewer than 500."),
    ] = 0.1
    patience: Annotated[
        PositiveInt, Field(description="Evaluations in a row, all worse than the best, after which a fit stops.")
    ] = 50
    prior_precision: Annotated[
        float | None,
        Field(
            ge=0,
            description="Precision of the normal prior on the parameters, which acts where cells are noisy; null: by "
            "their evidence where they are few, else 0.1.",
        ),
    ] = None


class DSMOptions(NoiseOptions, BatchOptions):
    """Options of :class:`kgmm.DSM`."""

    antithetic: Antithetic = True
